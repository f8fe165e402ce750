"""Nights of segments: those of a session, and those that lie close together where no session says so."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import rfc3339
from proto.vendors.quantities import rounded
from vendors.google_fit import tables

GAP: Final = timedelta(minutes=tables.SESSION_GAP_MIN)


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    start: datetime
    end: datetime
    code: int
    origin: str


class Session(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    start: datetime
    end: datetime
    revision: int | None


def put_nights(out: Builder, vendor: str, sessions: list[Session], segments: Iterable[Segment]) -> None:
    """A segment belongs to the session around it. Copies of one segment in merged streams count once."""
    rest = sorted(
        set(segments), key=lambda segment: (segment.origin, segment.start, segment.end, segment.code)
    )
    for session in sessions:
        inside = [part for part in rest if session.start <= part.start and part.end <= session.end]
        taken = set(inside)
        rest = [part for part in rest if part not in taken]
        once = {(part.start, part.end, part.code): part for part in inside}  # whichever stream told it
        _put(out, f"{vendor}:{session.id}", session.start, session.end, list(once.values()), session.revision)
    for night in _nights(rest):
        start, end = night[0].start, max(part.end for part in night)
        record_id = record_hash(vendor, tables.SLEEP, rfc3339(start), rfc3339(end), night[0].origin)
        _put(out, record_id, start, end, night, None)


def _nights(segments: list[Segment]) -> list[list[Segment]]:
    """Neighbours of one origin, sorted, in groups without a long gap. Without any sleep it is no night."""
    groups: list[list[Segment]] = []
    for part in segments:
        last = groups[-1] if groups else []
        if last and last[0].origin == part.origin and part.start - max(old.end for old in last) <= GAP:
            last.append(part)
        else:
            groups.append([part])
    return [group for group in groups if any(part.code in tables.STAGES for part in group)]


def _put(
    out: Builder,
    record_id: str,
    start: datetime,
    end: datetime,
    parts: list[Segment],
    revision: int | None,
) -> None:
    sleep: dict[str, Any] = {"start": rfc3339(start), "end": rfc3339(end)}
    sleep["awake_min"] = _minutes(parts, {tables.AWAKE})
    sleep["asleep_min"] = _minutes(parts, tables.STAGES.keys())
    for code, name in tables.STAGES.items():
        if name:
            sleep[name] = _minutes(parts, {code})
    manual = True if any(tables.USER_INPUT in part.origin for part in parts) else None
    out.add(record_id, start, {"sleep": sleep}, end=end, revision=revision, manual=manual)


def _minutes(parts: list[Segment], codes: Iterable[int]) -> int | float | None:
    wanted = set(codes)
    found = [int((part.end - part.start).total_seconds()) for part in parts if part.code in wanted]
    return rounded(Decimal(sum(found)) / 60, 1) if found else None
