"""Queries over HTTP: parse, decide what the reader may see, audit, read, shape. One transaction each."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Annotated, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Stream

from chassis.audit import AuditRecord
from chassis.auth import Principal
from chassis.clock import now
from chassis.db import Database
from chassis.paging import DEFAULT_LIMIT, check_limit, moment
from proto.access import ALL_KINDS, granted_kinds, names_of, visible_kinds
from proto.errors import Refused
from proto.glucose import GlucosePattern, GlucoseRanges
from proto.metrics import Metric
from proto.readings import AHEAD
from proto.resources import DataAnswer, Latest, PatientSummary
from proto.state import ConnectionState
from proto.weight import WeightTrend
from proto.words import AuditAction, Kind
from services.normalizer import answers, export, merging
from services.normalizer import resolution as res
from services.normalizer.glucose import glucose_ranges
from services.normalizer.matching import Source, source_of
from services.normalizer.pattern import glucose_pattern
from services.normalizer.question import BEGINNING, END, Question, Value
from services.normalizer.resolution import Resolution
from services.normalizer.store import queries
from services.normalizer.trend import REACH, weight_trend
from services.normalizer.world import World

From = Annotated[str | None, QueryParameter(name="from", description="RFC 3339 with offset; included")]
To = Annotated[str | None, QueryParameter(name="to", description="RFC 3339 with offset; not included")]
AsOf = Annotated[
    str | None,
    QueryParameter(name="as_of", description="Raw readings as they were known then; RFC 3339 with offset"),
]

RANGES_OF: Final = timedelta(days=14)
RANGES_REACH: Final = timedelta(days=92)
BESIDE: Final = {"glucose_mg_dL": ("glucose_out_of_range", "glucose_trend")}
"""What is never left out beside a name: 39 and 401 are no numbers when the sensor said LOW or HIGH."""


class View(msgspec.Struct, frozen=True):
    """What one reader may see of one patient: connections and reading names."""

    patient_id: UUID
    connection_ids: list[UUID]
    names: frozenset[str]
    kinds: frozenset[Kind]
    """Of what there is to see; `names` has also what is granted and never measured."""
    object_type: str
    object_id: UUID
    owner: bool
    sources: list[Source] = []
    """The connections across which the same measurement is told once."""


@get("/device-data/{device_connection_id:uuid}", summary="Readings of a device")
async def read_data(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    metric: FromQuery[str | None] = None,
    resolution: FromQuery[Resolution] = "auto",
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
    since: From = None,
    until: To = None,
    as_of: AsOf = None,
) -> DataAnswer:
    """Raw readings newest first, or points oldest first (`resolution`; they need `metric`)."""
    view = await see_connection(device_connection_id, principal, db, world)
    return await _answer(view, principal, db, world, metric, resolution, limit, cursor, since, until, as_of)


@get("/device-data/{device_connection_id:uuid}/latest", summary="Newest values of a device")
async def read_latest(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
) -> Latest:
    view = await see_connection(device_connection_id, principal, db, world)
    async with db.transaction("latest") as tx:
        found = await answers.latest(tx.conn, view.connection_ids, view.names)
        tx.audit(audit_of("data.read", principal, view))
    return Latest(latest=found)


@get("/device-data/{device_connection_id:uuid}/glucose-ranges", summary="How much glucose was in range")
async def read_glucose_ranges(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    since: From = None,
    until: To = None,
) -> GlucoseRanges:
    """Of at most 92 days; without a range, of the last 14."""
    view = await see_connection(device_connection_id, principal, db, world)
    begin, end = _ranges_of(since, until)
    return glucose_ranges(await _values(view, principal, db, "glucose_mg_dL", begin, end))


@get("/device-data/{device_connection_id:uuid}/glucose-pattern", summary="The usual day of glucose")
async def read_glucose_pattern(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    since: From = None,
    until: To = None,
) -> GlucosePattern:
    """By hours of the patient's clock. Of at most 92 days; without a range, of the last 14."""
    view = await see_connection(device_connection_id, principal, db, world)
    begin, end = _ranges_of(since, until)
    values = await _values(view, principal, db, "glucose_mg_dL", begin, end)
    return glucose_pattern(values, begin, end or now(), ZoneInfo(world.timezone(view.patient_id)))


@get("/device-data/{device_connection_id:uuid}/weight-trend", summary="The trend of a weight")
async def read_weight_trend(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    since: From = None,
    until: To = None,
) -> WeightTrend:
    """By days of the patient's clock, of readings that are surely the patient's. Of at most 92 days; without a range, of
    the last 14."""
    view = await see_connection(device_connection_id, principal, db, world)
    begin, end = _ranges_of(since, until)
    zone = ZoneInfo(world.timezone(view.patient_id))
    first = res.day_of(begin, zone)
    return weight_trend(await _values(view, principal, db, "weight_kg", first - REACH, end), first, zone)


def _ranges_of(since: str | None, until: str | None) -> tuple[datetime, datetime | None]:
    """An open end stays open: a device's clock may be some minutes ahead, and what it told is the newest value already."""
    begin, end = _range(since, until)
    newest = end or now()
    begin = begin or newest - RANGES_OF
    if newest - begin > RANGES_REACH:
        raise Refused("out_of_bounds", field="from")
    return begin, end


async def _values(
    view: View, principal: Principal, db: Database, name: str, begin: datetime, end: datetime | None
) -> list[Value]:
    metric = answers.find_metric(name, view.names)
    # PHI: leaves to a reader whose right was just decided; the audit row is committed before the answer.
    async with db.transaction("values") as tx:
        values = await queries.select_values(tx.conn, view.connection_ids, [name], begin, end or END)
        tx.audit(audit_of("data.read", principal, view, metric=metric))
    return values


@get("/device-data/{device_connection_id:uuid}/export", summary="Download the readings of a device")
async def export_data(
    device_connection_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    format: FromQuery[Literal["csv", "json"]] = "csv",
    since: From = None,
    until: To = None,
) -> Stream:
    """Streamed, oldest first. Audited before the first octet leaves."""
    view = await see_connection(device_connection_id, principal, db, world)
    begin, end = _range(since, until)
    names = sorted(view.names)
    async with db.transaction("export_audit") as tx:
        tx.audit(audit_of("data.export", principal, view))

    # PHI: a whole record leaves as a file; audited above.
    async def body() -> AsyncIterator[bytes]:
        async with db.transaction("export") as tx:
            rows = queries.stream_rows(tx.conn, device_connection_id, begin or BEGINNING, end or END, names)
            shape = export.as_csv if format == "csv" else export.as_json
            async for chunk in shape(rows, names):
                yield chunk

    return Stream(
        body,
        media_type="text/csv; charset=utf-8" if format == "csv" else "application/json",
        headers={
            "Content-Disposition": f'attachment; filename="readings-{device_connection_id}.{format}"',
            "Cache-Control": "no-store",
        },
    )


@get("/patients/{patient_id:uuid}/data", summary="Readings of a patient across devices")
async def read_patient_data(
    patient_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
    metric: FromQuery[str | None] = None,
    resolution: FromQuery[Resolution] = "auto",
    limit: FromQuery[int] = DEFAULT_LIMIT,
    cursor: FromQuery[str | None] = None,
    since: From = None,
    until: To = None,
    as_of: AsOf = None,
) -> DataAnswer:
    """As of a device, but each measurement once: `also` names its copies and why they are the same."""
    view = await see_patient(patient_id, principal, db, world)
    return await _answer(view, principal, db, world, metric, resolution, limit, cursor, since, until, as_of)


@get("/patients/{patient_id:uuid}/summary", summary="Newest values of a patient")
async def read_summary(
    patient_id: FromPath[UUID],
    principal: NamedDependency[Principal],
    db: NamedDependency[Database],
    world: NamedDependency[World],
) -> PatientSummary:
    view = await see_patient(patient_id, principal, db, world)
    at = now()
    async with db.transaction("summary") as tx:
        found = await answers.latest(tx.conn, view.connection_ids, view.names)
        if len(view.sources) > 1:
            found = await merging.latest(tx.conn, found, view.sources, view.names)
        count = await merging.count(tx.conn, view.sources, view.names, at - timedelta(hours=24), at + AHEAD)
        tx.audit(audit_of("data.read", principal, view))
    return PatientSummary(
        patient_id=patient_id,
        latest=found,
        readings_24h=count,
        last_reading_at=max((value.timestamp for value in found.values()), default=None),
    )


async def see_connection(id: UUID, principal: Principal, db: Database, world: World) -> View:
    """What the reader may see of a connection. Not there and not yours are the same 404; the second is audited."""
    world.require()
    view, may_see = _look_at_connection(id, principal, world)
    if not may_see:
        await world.catch_up()
        view, may_see = _look_at_connection(id, principal, world)
    if view is None:
        raise Refused("not_found")
    if not may_see:
        await _deny(view, principal, db)
    return view


def _look_at_connection(id: UUID, principal: Principal, world: World) -> tuple[View | None, bool]:
    """What there is, as far as it is known here now, and whether the reader may see it."""
    connection = world.connection(id)
    if connection is None:
        return None, False
    kinds = visible_kinds(principal.user_id, connection, world.permissions(), now())
    view = View(
        patient_id=connection.patient_id,
        connection_ids=[id],
        names=names_of(kinds),
        kinds=kinds & _measured(connection, world),
        object_type="device_connection",
        object_id=id,
        owner=principal.user_id == connection.patient_id,
        sources=[source_of(connection)],
    )
    return view, bool(view.kinds)


async def see_patient(id: UUID, principal: Principal, db: Database, world: World) -> View:
    """What the reader may see of a patient, across the connections whose consent is active (all of one's own)."""
    world.require()
    view, may_see = _look_at_patient(id, principal, world)
    if not may_see:
        await world.catch_up()
        view, may_see = _look_at_patient(id, principal, world)
    if not may_see:
        if world.connections_of(id):
            await _deny(view, principal, db)
        raise Refused("not_found")
    return view


def _look_at_patient(id: UUID, principal: Principal, world: World) -> tuple[View, bool]:
    at = now()
    kinds = granted_kinds(principal.user_id, id, world.permissions(), at)
    owner = principal.user_id == id and principal.patient_id == id
    connections = [
        state
        for state in world.connections_of(id)
        if visible_kinds(principal.user_id, state, world.permissions(), at)
    ]
    view = View(
        patient_id=id,
        connection_ids=[state.id for state in connections],
        names=names_of(kinds),
        kinds=kinds & frozenset[Kind]().union(*(_measured(state, world) for state in connections)),
        object_type="patient",
        object_id=id,
        owner=owner,
        sources=[source_of(state) for state in connections],
    )
    return view, bool(kinds) and (owner or principal.user_id != id)


def _measured(connection: ConnectionState, world: World) -> frozenset[Kind]:
    """A grant shows a connection if one of the kinds that it measures is granted."""
    model = world.model(connection.device_model_id)
    return ALL_KINDS if model is None else model.capabilities


async def _deny(view: View, principal: Principal, db: Database) -> None:
    async with db.transaction("denied") as tx:
        tx.audit(audit_of("data.read", principal, view, denied=True))
    raise Refused("not_found")


async def _answer(
    view: View,
    principal: Principal,
    db: Database,
    world: World,
    metric: str | None,
    resolution: Resolution,
    limit: int,
    cursor: str | None,
    since: str | None,
    until: str | None,
    as_of: str | None,
) -> DataAnswer:
    begin, end = _range(since, until)
    at = now()
    then = _then(as_of, resolution, at)
    found = answers.find_metric(metric, view.names)
    question = Question(
        connection_ids=view.connection_ids,
        visible=view.names,
        names=_names(view, found),
        metric=found,
        since=begin,
        until=end,
        resolution="raw" if then else res.choose(resolution, begin, end, metric, at),
        limit=check_limit(limit),
        cursor=cursor,
        zone=ZoneInfo(world.timezone(view.patient_id)),
        now=at,
        sources=view.sources,
        is_device=view.object_type == "device_connection",
        as_of=then,
    )
    # PHI: leaves to a reader whose right was just decided; the audit row is committed before the answer.
    async with db.transaction("read") as tx:
        answer = await answers.answer(tx.conn, question)
        tx.audit(audit_of("data.read", principal, view, metric=found))
    return answer


def _names(view: View, metric: Metric | None) -> list[str]:
    if metric is None:
        return sorted(view.names)
    name = metric.name.partition(".")[0]
    return [name, *BESIDE.get(name, ())]


def _range(since: str | None, until: str | None) -> tuple[datetime | None, datetime | None]:
    begin, end = moment(since, "from"), moment(until, "to")
    if begin is not None and end is not None and begin > end:
        raise Refused("out_of_bounds", field="from")
    return begin, end


def _then(as_of: str | None, resolution: Resolution, at: datetime) -> datetime | None:
    """The moment whose knowledge is asked for. Points are made of what is known now, so it goes with raw readings only."""
    then = moment(as_of, "as_of")
    if then is not None and then > at:
        raise Refused("timestamp_ahead", field="as_of")
    if then is not None and resolution not in ("auto", "raw"):
        raise Refused("out_of_bounds", field="resolution")
    return then


def audit_of(
    action: AuditAction,
    principal: Principal,
    view: View,
    *,
    denied: bool = False,
    metric: Metric | None = None,
) -> AuditRecord:
    """The owner reads in it which kinds were shown: one, or all that the reader may see there."""
    kinds = [metric.kind] if metric else sorted(view.kinds)
    return AuditRecord(
        action=action,
        actor_id=str(principal.user_id),
        actor_role=principal.role,
        object_type=view.object_type,
        object_id=str(view.object_id),
        patient_id=view.patient_id,
        outcome="denied" if denied else "allowed",
        purpose="self" if view.owner else "care",
        details={} if denied else {"data_kinds": kinds},
    )


router = Router(
    "/api/v1",
    route_handlers=[
        read_data,
        read_latest,
        read_glucose_ranges,
        read_glucose_pattern,
        read_weight_trend,
        export_data,
        read_patient_data,
        read_summary,
    ],
    tags=["device-data"],
)
