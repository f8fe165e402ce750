"""The API of a person's vendor accounts: what there is, connect, come back, disconnect, sync now, how far it is."""

from datetime import timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.response import Redirect
from msgspec import UNSET

from chassis.auth import Principal, own_patient_id
from chassis.clock import now
from chassis.db import Database
from chassis.idempotency import once
from proto.accounts import AuthorizeRequest, Integration, SyncQueued, SyncRequest
from proto.errors import Refused
from proto.events import SyncJob
from proto.resources import OAuthStart, Page
from proto.vendors.manifest import Manifest
from proto.words import KINDS, Kind
from services.sync.coming_back import Arrivals
from services.sync.domain import is_open, missing_kinds
from services.sync.entering import Entrance, way_back
from services.sync.feeding import Known
from services.sync.notices import new_job
from services.sync.parties import Vendors
from services.sync.says import ring, shown, shown_import
from services.sync.store import accounts, imports, jobs
from services.sync.store.accounts import Account
from services.sync.store.jobs import JobRow

NO_STORE: Final = {"Cache-Control": "no-store"}


@get("/api/v1/integrations", summary="The vendors, and how one is connected to them", tags=["integrations"])
async def list_integrations(
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    vendors: NamedDependency[Vendors],
    known: NamedDependency[Known],
) -> Page[Integration]:
    """A patient sees what can be connected or is; an admin everything, and which credentials are missing."""
    mine: dict[str, Account] = {}
    latest: dict[UUID, JobRow] = {}
    if principal.patient_id is not None:
        async with db.acquire() as conn:
            mine = {one.vendor: one for one in await accounts.select_of_patient(conn, principal.patient_id)}
            latest = await jobs.select_latest(conn, principal.patient_id)
    items = [
        _integration(manifest, vendors, known, mine.get(name), latest, is_admin=principal.has("admin"))
        for name, manifest in vendors.manifests.items()
        if principal.has("admin") or name in mine or _is_shown(vendors, manifest)
    ]
    return Page(items=items)


def _is_shown(vendors: Vendors, manifest: Manifest) -> bool:
    """To patients: what works, and what is closing (with the way to go instead). Not what lacks credentials."""
    if manifest.status in ("legacy", "retired") or manifest.status == "on_device":
        return True
    return not vendors.needs_credentials(manifest.name)


def _integration(
    manifest: Manifest,
    vendors: Vendors,
    known: Known,
    account: Account | None,
    latest: dict[UUID, JobRow],
    *,
    is_admin: bool,
) -> Integration:
    connections = [] if account is None else known.connections_of(account.patient_id, manifest)
    consented = frozenset(kind for state, _ in connections if is_open(state) for kind in state.consent_kinds)
    missing = frozenset() if account is None else missing_kinds(manifest, account.scopes, consented)
    job = None if account is None else latest.get(account.id)
    return Integration(
        vendor=manifest.name,
        name=manifest.title,
        state=None if account is None else account.state,
        state_reason=None if account is None else account.state_reason,
        needs_credentials=vendors.needs_credentials(manifest.name),
        missing_credentials=vendors.missing_credentials(manifest.name) if is_admin else [],
        status=manifest.status,
        notice=manifest.notice or None,
        successor=manifest.successor or None,
        pairing_method=manifest.pairing_method,
        data_kinds=_ordered(manifest.kinds),
        consented_kinds=_ordered(consented & manifest.kinds),
        missing_kinds=_ordered(missing),
        last_sync_at=None if account is None else account.committed_at,
        device_connection_ids=[state.id for state, _ in connections],
        job=None if job is None else shown(job),
    )


def _ordered(kinds: frozenset[Kind]) -> list[Kind]:
    return [kind for kind in KINDS if kind in kinds]


@post("/api/v1/integrations/{vendor:str}/authorize", status_code=200, summary="Begin to sign in at a vendor",
      tags=["integrations"])  # fmt: skip
async def authorize(
    vendor: FromPath[str],
    data: JSONBody[AuthorizeRequest],
    principal: NamedDependency[Principal],
    entrance: NamedDependency[Entrance],
) -> OAuthStart:
    url = await entrance.authorize_url(
        principal,
        vendor,
        kinds=data.data_kinds,
        consent_version=data.consent_version,
        connection_id=None,
        return_to=None if data.return_to is UNSET else data.return_to,
    )
    return OAuthStart(authorize_url=url)


@get("/api/v1/integrations/{vendor:str}/callback", summary="Where the vendor sends the person back to",
     tags=["integrations"])  # fmt: skip
async def callback(
    vendor: FromPath[str],
    principal: NamedDependency[Principal],
    entrance: NamedDependency[Entrance],
    arrivals: NamedDependency[Arrivals],
    oauth_state: Annotated[str | None, QueryParameter(name="state")] = None,
    code: FromQuery[str | None] = None,
    error: FromQuery[str | None] = None,
) -> Redirect:
    """Answers when the connection is there to be seen, or after a few seconds: it comes all the same."""
    result, account_id, return_to = await entrance.come_back(
        principal, vendor, state=oauth_state or "", code=code, error=error
    )
    if account_id is not None and principal.patient_id is not None:
        await arrivals.wait(principal.patient_id, vendor)
    return Redirect(way_back(return_to, vendor, result), headers=NO_STORE)


@delete("/api/v1/integrations/{vendor:str}", status_code=204, summary="Disconnect from a vendor",
        tags=["integrations"])  # fmt: skip
async def disconnect(
    vendor: FromPath[str], principal: NamedDependency[Principal], entrance: NamedDependency[Entrance]
) -> None:
    await entrance.disconnect(principal, vendor)


@post("/api/v1/device/sync", status_code=202, summary="Look for new readings now", tags=["integrations"])
async def request_sync(
    request: "Request[Any, Any, Any]",
    data: JSONBody[SyncRequest],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    vendors: NamedDependency[Vendors],
    known: NamedDependency[Known],
    syncs_per_min: NamedDependency[int],
) -> Response[Any]:
    patient_id = own_patient_id(principal)
    state = known.connection(data.device_connection_id)
    if state is None or state.patient_id != patient_id:
        raise Refused("not_found")
    if state.status == "revoked":
        raise Refused("consent_revoked")

    async def work(tx: Any) -> SyncQueued:
        account, manifest = await _account_of(tx, vendors, known, patient_id, state.id)
        at = now()
        if await jobs.count_since(tx.conn, state.id, at - timedelta(minutes=1)) >= syncs_per_min:
            raise Refused("rate_limited", retry_after_s=60)
        since = None if data.since is UNSET else data.since
        since = since or account.looked_until or at - timedelta(days=1)
        job = new_job(manifest, account, state.id, "asked", since, at)
        await jobs.insert_job(tx.conn, job)
        await accounts.mark_due(tx.conn, account.id, at, None, notified=False)
        ring(tx, account, "asked")
        return SyncQueued(job_id=job.id)

    return await once(db, request, principal, work, status=202)


async def _account_of(
    tx: Any, vendors: Vendors, known: Known, patient_id: UUID, connection_id: UUID
) -> tuple[Account, Manifest]:
    """Raises 409 `conflict` for a connection that no active account feeds."""
    for account in await accounts.select_of_patient(tx.conn, patient_id):
        manifest = vendors.manifest(account.vendor)
        if manifest is None or account.state != "active":
            continue
        if connection_id in {state.id for state, _ in known.connections_of(patient_id, manifest)}:
            return account, manifest
    raise Refused("conflict", detail="No vendor account brings readings of this device. Connect it first.")


@get("/api/v1/device/sync/{job_id:uuid}", summary="How far a sync has come", tags=["integrations"])
async def read_sync(
    job_id: FromPath[UUID], principal: NamedDependency[Principal], db: NamedDependency[Database]
) -> SyncJob:
    """`job_id` may be an `upload_id`: then it tells how far that file is read, in bytes."""
    async with db.acquire() as conn:
        job = await jobs.select_job(conn, job_id)
        work = await imports.select_import(conn, job_id) if job is None else None
    if job is not None and job.patient_id == principal.patient_id:
        return shown(job)
    if work is not None and work.patient_id == principal.patient_id:
        return shown_import(work)
    raise Refused("not_found")


router = Router(
    "/",
    route_handlers=[list_integrations, authorize, callback, disconnect, request_sync, read_sync],
)
