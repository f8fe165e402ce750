"""The attempt to pair: start, see how far it is, complete."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from chassis import telemetry
from chassis.auth import Principal
from chassis.clock import now
from chassis.db import Database, Tx
from chassis.idempotency import once
from proto.resources import (
    Connection,
    PairComplete,
    PairCompleted,
    PairingProgress,
    PairLook,
    PairStart,
    PairStarted,
)
from services.pairing.attempts import count_try
from services.pairing.audits import about
from services.pairing.completing import Completer, TryFailed
from services.pairing.domain import shown_state
from services.pairing.kept import Kept
from services.pairing.people import People
from services.pairing.shapes import connection_of
from services.pairing.starting import Starter
from services.pairing.store import sessions
from services.pairing.vendor_account import VendorAccount
from services.pairing.vendor_sign_in import VendorSignIn


@post("/pair/start", status_code=200, summary="Start to pair")
async def start(
    request: "Request[Any, Any, Any]",
    data: JSONBody[PairStart],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
    starter: NamedDependency[Starter],
    vendor_sign_in: NamedDependency[VendorSignIn],
    kept: NamedDependency[Kept],
) -> Response[PairStarted]:
    """A token for one pairing, and what the method needs. An earlier token of the connection is void from now on."""
    oauth = await vendor_sign_in.begin(principal, data.device_connection_id)

    async def work(tx: Tx) -> PairStarted:
        row = await people.lock_own(tx.conn, data.device_connection_id, principal, "pairing.start")
        started = await starter.start(tx, row, now(), oauth)
        tx.audit(about("pairing.start", principal, row))
        tx.after_commit(lambda: telemetry.PAIRINGS.labels(row.pairing_method, "started").inc())
        return started

    return await once(db, request, principal, work, status=200, sealing=kept)


@post("/pair/look", status_code=200, summary="What a pairing token is for")
async def look(
    data: JSONBody[PairLook],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    completer: NamedDependency[Completer],
) -> Connection:
    """For a phone that was handed a code: what it would connect, and what may be shared. Changes nothing."""
    async with db.transaction("pairing_look") as tx:
        return connection_of(await completer.look(tx, principal, data.pairing_token, now()))


@post("/pair/complete", status_code=200, summary="Complete pairing")
async def complete(
    request: "Request[Any, Any, Any]",
    data: JSONBody[PairComplete],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    completer: NamedDependency[Completer],
    vendor_account: NamedDependency[VendorAccount],
    kept: NamedDependency[Kept],
) -> Response[PairCompleted]:
    """`ingest_token` is shown this once. The same device as before gets its old id and history back. Of a partner's
    device, `credentials` are what the partner knows the person by; who cannot use them is told the field."""

    async def work(tx: Tx) -> PairCompleted:
        return await completer.complete(tx, principal, data, now())

    try:
        await vendor_account.enrol(principal, data)
        return await once(db, request, principal, work, status=200, sealing=kept)
    except TryFailed as failed:
        async with db.transaction("pairing_try") as tx:
            await count_try(tx, failed.session_id, now())
        telemetry.PAIRINGS.labels(failed.method, failed.code).inc()
        raise


@get("/{connection_id:uuid}/pairing", summary="How far pairing has come")
async def read_progress(
    connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    people: NamedDependency[People],
) -> PairingProgress:
    """Of the latest attempt, so a reloaded page goes on where it was. `waiting` without one."""
    async with db.transaction("pairing_read") as tx:
        row = await people.find_readable(tx.conn, connection_id, principal)
        session = await sessions.select_latest(tx.conn, row.id)
    if session is None:
        return PairingProgress(state="waiting", found=[], expires_at=None)
    return PairingProgress(
        state=shown_state(session.state, session.expires_at, now()),
        found=session.found if row.patient_id == principal.patient_id else [],
        expires_at=session.expires_at,
        error=session.error,
    )


router = Router(
    "/api/v1/device-connections",
    route_handlers=[start, look, complete, read_progress],
    tags=["device-connections"],
)
