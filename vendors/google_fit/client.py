"""Speaks to Google Fit: sums by local days, points by stream, nights from noon to noon. Nothing is announced, so it asks.

What still grows is asked for when it has ended.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from urllib.parse import quote

import msgspec

from proto.vendors.client import (
    Answer,
    Ask,
    Client,
    Page,
    Request,
    Send,
    Tokens,
    VendorFault,
    fault_of_status,
)
from proto.vendors.id_token import subject_of
from proto.vendors.instants import EPOCH, rfc3339, zone_of
from proto.vendors.shapes import rows
from proto.words import Kind
from vendors.google_fit import tables
from vendors.google_fit.faults import class_of
from vendors.google_fit.manifest import DATA_HOSTS, MANIFEST

BASE: Final = f"https://{DATA_HOSTS[0]}/fitness/v1/users/me"
POINTS: Final[Mapping[str, frozenset[Kind]]] = {
    "blood_pressure": frozenset({"blood_pressure"}),
    "blood_glucose": frozenset({"glucose"}),
    "oxygen_saturation": frozenset({"spo2"}),
    "body.temperature": frozenset({"temperature"}),
    "heart_rate.bpm": frozenset({"heart_rate"}),
    "weight": frozenset({"weight"}),
    "height": frozenset({"weight"}),
    "body.fat.percentage": frozenset({"body_composition"}),
}
"""Types whose points are asked for one by one."""
RAW: Final = "raw"
"""A stream that a device or a program wrote; others are made of those."""
LIMIT: Final = "1000"
PAGES_MAX: Final = 500
BEFORE: Final = timedelta(days=2)
"""A night that ended on the first date began on the one before."""


class GoogleFitClient(Client):
    manifest = MANIFEST

    # -- grants -----------------------------------------------------------------------------------------------------

    def _tokens(self, body: dict[str, Any], now: datetime) -> Tokens:
        tokens = super()._tokens(body, now)
        subject = subject_of(body.get("id_token"))
        return tokens if subject is None else msgspec.structs.replace(tokens, user_id=subject)

    # -- data -------------------------------------------------------------------------------------------------------

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """What the body says, where it says something: a spent quota comes with 403 as well."""
        fault = fault_of_status(answer)
        if fault is None:
            return None
        body = answer.json()
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return fault
        found, code = class_of(error)
        return VendorFault(found, code, fault.fault.retry_after)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        if "activity" in ask.kinds:
            async for page in self._sums(send, ask):
                yield page
        types = {f"{tables.PREFIX}{name}" for name, brings in POINTS.items() if brings & ask.kinds}
        wants_sleep = "sleep" in ask.kinds
        if not types and not wants_sleep:
            return
        streams = await self._streams(send)
        for type_ in sorted(types):
            for stream in streams.get(type_, []):
                async for payload in self._points(send, stream, ask.since, ask.until):
                    yield Page(endpoint="datasets", payload=payload)
        if wants_sleep:
            async for page in self._nights(send, ask, streams.get(f"{tables.PREFIX}{tables.SLEEP}", [])):
                yield page

    async def _sums(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        """Whole days of the person's zone, as long as daylight saving makes them."""
        zone = zone_of(ask.timezone) or UTC
        start, end = (
            datetime.combine(at.astimezone(zone).date(), time(), zone) for at in (ask.since, ask.until)
        )
        if start >= end:
            return
        period = {"type": "day", "value": 1, "timeZoneId": ask.timezone if zone_of(ask.timezone) else "UTC"}
        body = {
            "aggregateBy": [{"dataTypeName": f"{tables.PREFIX}{name}"} for name in sorted(tables.SUMS)],
            "bucketByTime": {"period": period},
            "startTimeMillis": _whole(start, "milliseconds"),
            "endTimeMillis": _whole(end, "milliseconds"),
        }
        request = Request(method="POST", url=f"{BASE}/dataset:aggregate", json=body, endpoint="aggregate")
        payload = self.check(await send(request))
        if isinstance(payload, dict) and payload.get("bucket"):
            yield Page(endpoint="aggregate", payload=payload)

    async def _streams(self, send: Send) -> dict[str, list[str]]:
        """Type → streams that hold it: those that were written, or where there are none, those that were derived."""
        found: dict[str, list[tuple[bool, str]]] = {}
        payload = self.check(
            await send(Request(method="GET", url=f"{BASE}/dataSources", endpoint="dataSources"))
        )
        for row in rows(payload.get("dataSource") if isinstance(payload, dict) else None):
            type_, stream = row.get("dataType"), row.get("dataStreamId")
            name = type_.get("name") if isinstance(type_, dict) else None
            if isinstance(name, str) and isinstance(stream, str):
                found.setdefault(name, []).append((row.get("type") == RAW, stream))
        return {name: list(_written(streams)) for name, streams in found.items()}

    async def _points(
        self, send: Send, stream: str, since: datetime, until: datetime
    ) -> AsyncIterator[dict[str, Any]]:
        """Page by page; `point` is missing where there is none."""
        span = f"{_whole(since, 'nanoseconds')}-{_whole(until, 'nanoseconds')}"
        url = f"{BASE}/dataSources/{quote(stream, safe=':')}/datasets/{span}"
        async for payload in self._paged(send, url, {"limit": LIMIT}, "datasets"):
            if payload.get("point"):
                yield payload

    async def _nights(self, send: Send, ask: Ask, streams: Iterable[str]) -> AsyncIterator[Page]:
        """Segments and sessions together: a night is put together of both."""
        start, end = _noons(ask)
        if start >= end:
            return
        datasets = [payload for stream in streams async for payload in self._points(send, stream, start, end)]
        window = {
            "startTime": rfc3339(start),
            "endTime": rfc3339(end),
            "activityType": str(tables.SLEEP_SESSION),
        }
        sessions: list[Any] = []
        async for payload in self._paged(send, f"{BASE}/sessions", window, "sessions"):
            sessions += rows(payload.get("session"))
        if datasets or sessions:
            yield Page(endpoint="sessions", payload={"bucket": [{"dataset": datasets}], "session": sessions})

    async def _paged(
        self, send: Send, url: str, params: Mapping[str, str], endpoint: str
    ) -> AsyncIterator[dict[str, Any]]:
        """Ends when no page follows, or one that was there already."""
        seen: set[str] = set()
        token = ""
        for _ in range(PAGES_MAX):
            asked = {**params, "pageToken": token} if token else params
            payload = self.check(await send(Request(method="GET", url=url, params=asked, endpoint=endpoint)))
            if not isinstance(payload, dict):
                return
            yield payload
            following = payload.get("nextPageToken")
            if not isinstance(following, str) or not following or following in seen:
                return
            seen.add(following)
            token = following
        raise VendorFault("vendor_error", "endless_pages")


def _written(streams: list[tuple[bool, str]]) -> Iterable[str]:
    is_any = any(is_raw for is_raw, _ in streams)
    return dict.fromkeys(stream for is_raw, stream in streams if is_raw or not is_any)


def _noons(ask: Ask) -> tuple[datetime, datetime]:
    """From a noon to the last one that has passed: hardly anybody's night is cut by it."""
    zone = zone_of(ask.timezone) or UTC
    first = datetime.combine(ask.since.astimezone(zone).date() - BEFORE, time(12), zone)
    last = datetime.combine(ask.until.astimezone(zone).date(), time(12), zone)
    if last > ask.until:
        last = datetime.combine(last.date() - timedelta(days=1), time(12), zone)
    return first.astimezone(UTC), last.astimezone(UTC)


def _whole(at: datetime, unit: str) -> int:
    """Since 1970, by integers: a float has not enough digits for nanoseconds."""
    micros = (at - EPOCH) // timedelta(microseconds=1)
    return micros * 1000 if unit == "nanoseconds" else micros // 1000


CLIENT: Final = GoogleFitClient
