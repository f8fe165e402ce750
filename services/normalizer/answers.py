"""Puts answers together: pages of readings, points of a chart, latest values. What a reader may see was decided before."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import UNSET

from chassis.db import Connection
from chassis.paging import decode_cursor, encode_cursor
from proto.errors import Refused
from proto.metrics import BY_NAME, METRICS, Metric
from proto.readings import AHEAD
from proto.resources import DataAnswer, LatestValue, ReadingItem, RollupPoint
from services.normalizer import charts, merging
from services.normalizer import resolution as res
from services.normalizer.charts import add_value
from services.normalizer.likeness import CUMULATIVE
from services.normalizer.question import BEGINNING, END, Question, Value
from services.normalizer.resolution import Bucket
from services.normalizer.store import queries
from services.normalizer.store.queries import Rollup, Row

LIVE_BEGAN: Final = datetime(2010, 1, 1, tzinfo=UTC)


def find_metric(name: str | None, names: frozenset[str]) -> Metric | None:
    """The metric of a query. Unknown: 422 `unknown_metric`; outside what is granted: 404."""
    if name is None:
        return None
    metric = BY_NAME.get(name)
    if metric is None:
        raise Refused("unknown_metric", field="metric")
    if name.partition(".")[0] not in names:
        raise Refused("not_found")
    return metric


async def answer(conn: Connection, question: Question) -> DataAnswer:
    if question.resolution != "raw":
        return await _points(conn, question)
    if len(question.sources) > 1:
        return await merging.page(conn, question)
    return await _raw(conn, question)


async def _raw(conn: Connection, q: Question) -> DataAnswer:
    before = decode_cursor(q.cursor, tuple[datetime, UUID]) if q.cursor else None
    rows = await queries.select_page(
        conn,
        q.connection_ids,
        q.since or BEGINNING,
        q.until or END,
        names=q.names,
        before=before,
        limit=q.limit + 1,
        as_of=q.as_of,
    )
    page = rows[: q.limit]
    more = len(rows) > q.limit
    return DataAnswer(
        resolution="raw",
        items=[shown(row, q.names) for row in page],
        next_cursor=encode_cursor(page[-1].timestamp, page[-1].id) if more else None,
    )


def shown(row: Row, names: list[str]) -> ReadingItem:
    """A row as a reader may see it: only granted names."""
    readings = msgspec.json.decode(row.readings)
    allowed = set(names)
    return ReadingItem(
        id=row.id,
        device_connection_id=row.device_connection_id,
        timestamp=row.timestamp.astimezone(UTC),
        received_at=row.received_at.astimezone(UTC),
        readings={name: value for name, value in readings.items() if name in allowed},
        meta=msgspec.json.decode(row.meta),
    )


async def _points(conn: Connection, q: Question) -> DataAnswer:
    metric = q.metric
    if metric is None:
        raise Refused("metric_required", field="metric")
    if not metric.rollup:
        raise Refused("wrong_type", field="metric")
    until = q.until or q.now + AHEAD
    since = q.since or max(LIVE_BEGAN, res.earliest(q.resolution, until))
    res.check_points(q.resolution, since, until)
    sums: dict[datetime, float] | None = None
    if metric.kind in CUMULATIVE:
        reach = max(q.since, until - charts.AMOUNTS_REACH) if q.since and q.is_device else q.since
        found = await charts.amounts(conn, q, metric, reach, until)
        sums = {bucket.t: bucket.sum for bucket in found}
    if sums is None or q.is_device:
        found = await _as_told(conn, q, metric, since, until)
        told = {bucket.t for bucket in found}
        found += [Bucket(t) for t in sums or () if t not in told]  # what began before it, and ended in it
    glucose = metric.kind == "glucose"
    points = [_point(bucket, glucose, sums) for bucket in res.buckets(found)]
    return DataAnswer(resolution=q.resolution, points=points)


async def _as_told(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Bucket]:
    if q.resolution == "1m":
        return await _minutes(conn, q, metric, since, until)
    if q.resolution == "1h":
        return await _hours(conn, q, metric, since, until)
    return await _days(conn, q, metric, since, until)


def _point(bucket: Bucket, glucose: bool, sums: dict[datetime, float] | None) -> RollupPoint:
    return RollupPoint(
        t=bucket.t.astimezone(UTC),
        min=bucket.min,
        max=bucket.max,
        mean=bucket.sum / bucket.n if bucket.n else None,
        count=bucket.n,
        low=bucket.low if glucose else UNSET,
        high=bucket.high if glucose else UNSET,
        sum=UNSET if sums is None else sums.get(bucket.t, UNSET),
    )


async def _minutes(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Bucket]:
    points: dict[datetime, Bucket] = {}
    for ts, value, marker in await _values(conn, q, metric, since, until):
        t = res.minute_of(ts)
        add_value(points.setdefault(t, Bucket(t)), metric, value, marker)
    return list(points.values())


async def _values(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Value]:
    if len(q.sources) > 1:
        return await charts.values(conn, q, metric, since, until)
    return await queries.select_values(conn, q.connection_ids, metric.name.split("."), since, until)


async def _rollups(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Rollup]:
    if len(q.sources) > 1:
        return await charts.hours(conn, q, metric, since, until)
    return await queries.select_rollups(conn, q.connection_ids, metric.id, since, until)


async def _hours(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Bucket]:
    points = []
    for row in await _rollups(conn, q, metric, since, until):
        bucket = Bucket(row.t)
        bucket.add(row.min, row.max, row.sum, row.n, row.low, row.high)
        points.append(bucket)
    return points


async def _days(
    conn: Connection, q: Question, metric: Metric, since: datetime, until: datetime
) -> list[Bucket]:
    """Local days out of hours; an hour that a local midnight cuts in two is read from its rows."""
    zone = q.zone
    points: dict[datetime, Bucket] = {}
    first, last = res.day_of(since, zone), until
    cut = set(res.edges(first, last, zone))
    for row in await _rollups(conn, q, metric, first.replace(minute=0, second=0, microsecond=0), last):
        if row.t in cut:
            continue
        day = res.day_of(row.t, zone)
        points.setdefault(day, Bucket(day)).add(row.min, row.max, row.sum, row.n, row.low, row.high)
    for hour in sorted(cut):
        for ts, value, marker in await _values(conn, q, metric, max(hour, first), hour + timedelta(hours=1)):
            day = res.day_of(ts, zone)
            add_value(points.setdefault(day, Bucket(day)), metric, value, marker)
    return [bucket for bucket in points.values() if bucket.t < until and res.next_day(bucket.t, zone) > since]


async def latest(
    conn: Connection, connection_ids: list[UUID], names: frozenset[str]
) -> dict[str, LatestValue]:
    """The newest value of each reading name: newest hours from the rollups' index, then the rows of those hours."""
    ids = [
        metric.id for metric in METRICS if metric.type != "group" and metric.name.partition(".")[0] in names
    ]
    top = {metric.id: metric.name.partition(".")[0] for metric in METRICS}
    newest: dict[str, tuple[datetime, list[UUID]]] = {}
    for connection_id, metric, t in await queries.select_newest_hours(conn, connection_ids, ids):
        name = top[metric]
        if name not in newest or t > newest[name][0]:
            newest[name] = (t, [connection_id])
        elif t == newest[name][0]:  # several devices told it in this hour: their rows say which was last
            newest[name][1].append(connection_id)
    hours = {(connection_id, t) for t, told_by in newest.values() for connection_id in told_by}
    found: dict[str, LatestValue] = {}
    for connection_id, t in sorted(hours, key=lambda hour: (hour[0].int, hour[1])):
        wanted = {name for name, (hour, told_by) in newest.items() if hour == t and connection_id in told_by}
        for row in await queries.select_hour_rows(conn, connection_id, t):
            values: dict[str, Any] = msgspec.json.decode(row.readings)
            for name in wanted.intersection(values):
                known = found.get(name)
                if known is not None and (known.timestamp, known.id) > (row.timestamp, row.id):
                    continue
                found[name] = LatestValue(
                    value=values[name],
                    timestamp=row.timestamp.astimezone(UTC),
                    id=row.id,
                    device_connection_id=connection_id,
                )
            wanted.difference_update(values)
            if not wanted:
                break
    return found
