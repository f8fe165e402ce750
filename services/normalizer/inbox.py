"""Readings that may be another person's, as of a scale that a family shares: listed for the owner, who says whose they are."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from chassis.auth import Principal
from chassis.clock import now
from chassis.db import Database, Tx
from chassis.paging import DEFAULT_LIMIT, check_limit, decode_cursor, encode_cursor
from proto import subjects
from proto.errors import Refused
from proto.events import ObservationsRecorded, RecordedReading
from proto.provenance import Assign, Assigned
from proto.resources import Page, ReadingItem
from services.normalizer.answers import shown
from services.normalizer.domain import cells_of, roll_up
from services.normalizer.question import BEGINNING, END
from services.normalizer.routes import View, audit_of, see_patient
from services.normalizer.store import hours, inbox, queries, readings
from services.normalizer.store.readings import Existing
from services.normalizer.world import World


@get("/patients/{patient_id:uuid}/ambiguous", summary="Readings that may be another person's")
async def list_ambiguous(
    patient_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
) -> Page[ReadingItem]:
    """Newest first. Kept, and left out of latest values, charts and alerts until the owner says whose they are."""
    view = await _own(patient_id, principal, db, world)
    size = check_limit(limit)
    before = decode_cursor(cursor, tuple[datetime, UUID]) if cursor else None
    async with db.transaction("ambiguous") as tx:
        rows = await queries.select_ambiguous(
            tx.conn, view.connection_ids, BEGINNING, END, before=before, limit=size + 1
        )
        tx.audit(audit_of("data.read", principal, view))
    page = rows[:size]
    return Page(
        items=[shown(row, sorted(view.names)) for row in page],
        next_cursor=encode_cursor(page[-1].timestamp, page[-1].id) if len(rows) > size else None,
    )


@post(
    "/patients/{patient_id:uuid}/ambiguous/{reading_id:uuid}",
    status_code=200,
    summary="Say whose reading it is",
)
async def assign(
    patient_id: FromPath[UUID],
    reading_id: FromPath[UUID],
    data: JSONBody[Assign],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
) -> Assigned:
    """The version before is kept, dated. A reading that waits for nobody (any more) is 404."""
    view = await _own(patient_id, principal, db, world)
    async with db.transaction("assign") as tx:
        row = await inbox.lock_ambiguous(tx.conn, view.connection_ids, reading_id, BEGINNING, END)
        if row is None:
            raise Refused("not_found")
        if data.assign == "me":
            await _take(tx, patient_id, row)
        else:
            await _put_aside(tx, row)
        tx.audit(_record_of(principal, view, row["device_connection_id"], data))
    return Assigned(id=reading_id, assign=data.assign)


async def _own(patient_id: UUID, principal: Principal, db: Database, world: World) -> View:
    view = await see_patient(patient_id, principal, db, world)
    if not view.owner:
        raise Refused("forbidden_role")
    return view


async def _take(tx: Tx, patient_id: UUID, row: Any) -> None:
    """From now on it counts: in its hours, and for everybody who hears of readings."""
    connection_id = row["device_connection_id"]
    await readings.supersede(tx.conn, connection_id, _existing(row), "assigned")
    known = await inbox.insert_known(tx.conn, row["id"])
    if known["suspect"]:  # its clock is still impossible
        return
    values = msgspec.json.decode(row["readings"])
    await hours.add(tx.conn, roll_up([(connection_id, row["ts"], cells_of(values))]))
    # PHI: leaves towards EVENTS (24 h), for live views of those who may see it.
    tx.emit(
        subjects.to(subjects.OBSERVATIONS_RECORDED, patient_id),
        ObservationsRecorded(
            patient_id=patient_id,
            recorded_at=now(),
            readings=[
                RecordedReading(
                    id=row["id"],
                    device_connection_id=connection_id,
                    timestamp=row["ts"].astimezone(UTC),
                    received_at=row["received_at"].astimezone(UTC),
                    readings=msgspec.Raw(row["readings"].encode()),
                    meta=msgspec.Raw(known["meta"].encode()),
                )
            ],
            signals=[],
            settled=[],
        ),
    )


async def _put_aside(tx: Tx, row: Any) -> None:
    """It never counted, so its hours stay. Its identity stays too: sent again, it is known and refused as stale."""
    connection_id = row["device_connection_id"]
    await readings.supersede(tx.conn, connection_id, _existing(row), "not_me")
    await inbox.close_key(tx.conn, connection_id, row["record_key"])


def _existing(row: Any) -> Existing:
    return Existing(id=row["id"], ts=row["ts"], content=row["content"], revision=row["revision"])


def _record_of(principal: Principal, view: View, connection_id: UUID, data: Assign) -> Any:
    record = audit_of("data.ingest", principal, view)
    return msgspec.structs.replace(
        record,
        object_type="device_connection",
        object_id=str(connection_id),
        details={f"assigned:{data.assign}": 1},
    )


router = Router("/api/v1", route_handlers=[list_ambiguous, assign], tags=["device-data"])
