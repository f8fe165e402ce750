"""Speaks to Google Health: data points by type and filter, a day's sums in windows, and notifications that carry a secret
and a signature.

The subscriber is made once, by the operator, in the Cloud project; with its policy AUTOMATIC every person is included.
`credentials["webhook_keyset"]`: Google's public keyset, as it is published; where it is given, the signature decides.
"""

import base64
import binascii
import hmac
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, date, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from proto.vendors.client import (
    Answer,
    Ask,
    Client,
    Incoming,
    Notification,
    Page,
    Reply,
    Request,
    Send,
    Tokens,
    VendorFault,
    event_id_of,
    fault_of_status,
)
from proto.vendors.instants import iso, zone_of
from proto.words import Kind
from vendors.google_health import tables
from vendors.google_health.manifest import DATA_HOST, MANIFEST
from vendors.google_health.tables import CODES, REASONS, STATUSES

BASE: Final = f"https://{DATA_HOST}/v4/users/me"
PAGES_MAX: Final = 1000
ROLLUP_WINDOW: Final = timedelta(days=14)
"""The shortest that a type of daily sum allows."""


class Type(NamedTuple):
    """`time`: the member that a filter names; `daily` sums have none, and an open end is all that some filters allow."""

    name: str
    kind: Kind
    time: str
    open_end: bool = False


TYPES: Final = (
    Type("weight", "weight", "sample_time.physical_time"),
    Type("height", "weight", "sample_time.physical_time"),
    Type("body-fat", "body_composition", "sample_time.physical_time"),
    Type("heart-rate", "heart_rate", "sample_time.physical_time"),
    Type("daily-resting-heart-rate", "heart_rate", "date"),
    Type("daily-heart-rate-variability", "heart_rate", "date"),
    Type("oxygen-saturation", "spo2", "sample_time.physical_time"),
    Type("daily-oxygen-saturation", "spo2", "date"),
    Type("daily-respiratory-rate", "respiratory_rate", "date"),
    Type("core-body-temperature", "temperature", "sample_time.physical_time"),
    Type("daily-sleep-temperature-derivations", "temperature", "date"),
    Type("blood-glucose", "glucose", "sample_time.physical_time"),
    Type("sleep", "sleep", "interval.end_time"),
    Type("electrocardiogram", "ecg", "interval.start_time", open_end=True),
    Type("irregular-rhythm-notification", "blood_pressure", "interval.start_time"),
)
SUMS: Final = ("steps", "distance", "floors", "active-energy-burned", "total-calories")
"""Told minute by minute; the sums of days are what is kept."""
VERIFIED: Final = 201
PREFIX: Final = b"\x01"
"""Tink's: its key id follows, then the signature."""


class GoogleHealthClient(Client):
    manifest = MANIFEST

    async def identify(self, send: Send, tokens: Tokens) -> str:
        url = f"{BASE}/identity"
        body = self.check(await send(Request(method="GET", url=url, endpoint="identity")))
        user = body.get("healthUserId") if isinstance(body, dict) else None
        if not isinstance(user, str) or not user:
            raise VendorFault("vendor_error", "no_user_id")
        return user

    # -- data -------------------------------------------------------------------------------------------------------

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """`error.details[].reason` says most, then the code, then `error.status`."""
        fault = fault_of_status(answer)
        if fault is None:
            return None
        body = answer.json()
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict):
            return fault
        status = str(error.get("status", ""))
        details = _rows(error.get("details"))
        reason = next((said for row in details if (said := str(row.get("reason"))) in REASONS), "")
        known = (
            REASONS.get(reason) or CODES.get(answer.status) or STATUSES.get(status, fault.fault.fault_class)
        )
        return VendorFault(known, status or answer.status, fault.fault.retry_after or _delay(details))

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        for kind in TYPES:
            if kind.kind in ask.kinds:
                async for page in self._points(send, kind, ask):
                    yield page
        if "activity" in ask.kinds:
            for name in SUMS:
                for start, end in _days(ask):
                    async for page in self._sums(send, name, start, end):
                        yield page

    async def _points(self, send: Send, kind: Type, ask: Ask) -> AsyncIterator[Page]:
        request = Request(
            method="GET",
            url=f"{BASE}/dataTypes/{kind.name}/dataPoints",
            params={"filter": _filter(kind, ask)},
            endpoint=kind.name,
        )
        async for page in self._all(send, request, "dataPoints"):
            yield page

    async def _sums(self, send: Send, name: str, start: date, end: date) -> AsyncIterator[Page]:
        request = Request(
            method="POST",
            url=f"{BASE}/dataTypes/{name}/dataPoints:dailyRollUp",
            json={
                "range": {"start": {"date": _date(start)}, "end": {"date": _date(end)}},
                "windowSizeDays": 1,
            },
            endpoint=f"{name}:dailyRollUp",
        )
        async for page in self._all(send, request, "rollupDataPoints"):
            yield page

    async def _all(self, send: Send, request: Request, rows: str) -> AsyncIterator[Page]:
        seen: set[str] = set()
        for _ in range(PAGES_MAX):
            payload = self.check(await send(request))
            if isinstance(payload, dict) and payload.get(rows):
                yield Page(endpoint=request.endpoint, payload=payload)
            token = payload.get("nextPageToken") if isinstance(payload, dict) else None
            if not isinstance(token, str) or not token:
                return
            if token in seen:
                break
            seen.add(token)
            request = _with_token(request, token)
        raise VendorFault("vendor_error", "endless_pages")

    # -- notifications ----------------------------------------------------------------------------------------------

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """The same body with our secret is confirmed and without it refused: they try both."""
        said = incoming.headers.get("authorization", "").encode()
        good = (*secrets, *filter(None, [self.credentials.get("webhook_secret", "")]))
        known = any([hmac.compare_digest(secret.encode(), said) for secret in good])  # noqa: C419 - all are tried
        body = _json(incoming.body)
        if isinstance(body, dict) and body.get("type") == "verification":
            status = VERIFIED if known else 401
            return Reply(status=status, outcome="challenge" if known else "bad_signature")
        if not self._is_genuine(incoming, known, bool(said)):
            return Reply(status=401, outcome="bad_signature")
        items = _items(body)
        if not items:
            return Reply(status=400, outcome="malformed")
        facts = msgspec.json.encode(items, order="sorted").decode()
        return Reply(status=204, accept=True, event_id=event_id_of(facts))

    def _is_genuine(self, incoming: Incoming, known: bool, has_secret: bool) -> bool:
        """With a keyset the signature decides; the secret may be missing then, but not be another one."""
        keyset = self.credentials.get("webhook_keyset", "")
        if not keyset:
            return known
        headers = incoming.headers
        said = headers.get("x-healthapi-signature") or headers.get("google-health-api-signature", "")
        return (known or not has_secret) and _is_signed(keyset, said, incoming.body)

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        """What they name is read again; where they say that something was deleted, what is not there any more is gone."""
        found = []
        for item in _items(_json(payload)):
            name = str(item.get("dataType", ""))
            times = [
                (iso(span.get("startTime")), iso(span.get("endTime")))
                for row in _rows(item.get("intervals"))
                if isinstance(span := row.get("physicalTimeInterval"), dict)
            ]
            starts, ends = (
                ([one for one in side if one] for side in zip(*times, strict=True)) if times else ([], [])
            )
            found.append(
                Notification(
                    user_id=item["healthUserId"],
                    since=min(starts, default=None),
                    until=max(ends, default=None),
                    endpoint=name,
                    emptied=tables.METRICS_OF.get(name, frozenset())
                    if item.get("operation") == "DELETE"
                    else frozenset(),
                )
            )
        return found


def _filter(kind: Type, ask: Ask) -> str:
    """AIP-160; names in snake case. Daily types are asked for by local date, a day wider."""
    name = f"{kind.name.replace('-', '_')}.{kind.time}"
    if kind.time == "date":
        first, last = _range(ask)
        return f'{name} >= "{first.isoformat()}" AND {name} < "{last.isoformat()}"'
    since, until = (at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for at in (ask.since, ask.until))
    return f'{name} >= "{since}"' if kind.open_end else f'{name} >= "{since}" AND {name} < "{until}"'


def _range(ask: Ask) -> tuple[date, date]:
    """Local dates; the end is excluded."""
    zone = zone_of(ask.timezone) or UTC
    first = ask.since.astimezone(zone).date() - timedelta(days=1)
    return first, ask.until.astimezone(zone).date() + timedelta(days=2)


def _days(ask: Ask) -> Iterator[tuple[date, date]]:
    start, last = _range(ask)
    while start < last:
        end = min(start + ROLLUP_WINDOW, last)
        yield start, end
        start = end


def _date(day: date) -> dict[str, int]:
    return {"year": day.year, "month": day.month, "day": day.day}


def _with_token(request: Request, token: str) -> Request:
    if request.method == "GET":
        return msgspec.structs.replace(request, params={**request.params, "pageToken": token})
    return msgspec.structs.replace(request, json={**request.json, "pageToken": token})


def _delay(details: Sequence[Mapping[str, Any]]) -> float | None:
    """`retryDelay`, `"30s"`."""
    for row in details:
        text = row.get("retryDelay")
        if isinstance(text, str) and text.removesuffix("s").isdecimal():
            return float(text.removesuffix("s")[:6])
    return None


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _rows(value: Any) -> list[dict[str, Any]]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _items(body: Any) -> list[dict[str, Any]]:
    """The `data` of one notification or of an array of them, where it says whose it is."""
    rows = body if isinstance(body, list) else [body]
    found = [row.get("data") for row in rows if isinstance(row, dict)]
    return [
        item
        for item in found
        if isinstance(item, dict) and isinstance(item.get("healthUserId"), str) and item["healthUserId"]
    ]


def _is_signed(keyset: str, said: str, body: bytes) -> bool:
    """ECDSA P-256 with SHA-256 in Tink's wire format: 1, the key's number in four bytes, DER."""
    try:
        raw = base64.b64decode(said, validate=True)
    except (binascii.Error, ValueError):
        return False
    key = _keys(keyset).get(raw[1:5]) if raw[:1] == PREFIX else None
    if key is None:
        return False
    try:
        key.verify(raw[5:], body, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=8)
def _keys(keyset: str) -> dict[bytes, ec.EllipticCurvePublicKey]:
    """Key number → key. What cannot be read is left out."""
    found: dict[bytes, ec.EllipticCurvePublicKey] = {}
    rows = _json(keyset.encode())
    for row in _rows(rows.get("key") if isinstance(rows, dict) else None):
        try:
            parts = _members(base64.b64decode(row["keyData"]["value"]))
            numbers = ec.EllipticCurvePublicNumbers(
                int.from_bytes(parts[3], "big"), int.from_bytes(parts[4], "big"), ec.SECP256R1()
            )
            if row.get("status", "ENABLED") == "ENABLED":
                found[int(row["keyId"]).to_bytes(4, "big")] = numbers.public_key()
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            continue
    return found


def _members(data: bytes) -> dict[int, bytes]:
    """The byte members of a protobuf message (wire type 2); numbers are skipped."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        length, at = _varint(data, at)
        if tag & 7 == 2:
            found[tag >> 3] = data[at : at + length]
            at += length
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


CLIENT: Final = GoogleHealthClient
