"""Speaks to Dexcom: nothing is announced, so it asks; windows of thirty days of system time, and no pages.

A person's account lives in one region. `credentials["host"]` names another than the manifest's.
"""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

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
from proto.vendors.instants import iso, wall_clock
from proto.words import Kind
from vendors.dexcom.manifest import HOST, MANIFEST

WINDOW: Final = timedelta(days=30)
LATE: Final = timedelta(days=90)
"""A receiver is read out when its owner thinks of it; what is older than this waits until somebody asks for a sync."""
ALMOST: Final = timedelta(microseconds=999_999)
CALLS: Final = ("egvs", "events")
"""Glucose of the sensor, and what a person entered: finger pricks among it."""


class DexcomClient(Client):
    manifest = MANIFEST

    @property
    def host(self) -> str:
        return self.credentials.get("host", HOST)

    def authorize_url(
        self, *, state: str, redirect_uri: str, kinds: frozenset[Kind], code_verifier: str
    ) -> str:
        url = super().authorize_url(
            state=state, redirect_uri=redirect_uri, kinds=kinds, code_verifier=code_verifier
        )
        return url.replace(f"//{HOST}/", f"//{self.host}/", 1)

    def _token_request(self, form: dict[str, str]) -> Request:
        request = super()._token_request(form)
        return msgspec.structs.replace(request, url=request.url.replace(f"//{HOST}/", f"//{self.host}/", 1))

    async def identify(self, send: Send, tokens: Tokens) -> str:
        """`userId` stands in every answer; the range of what there is costs the least."""
        body = self.check(await send(self._get("dataRange", {})))
        user = body.get("userId") if isinstance(body, dict) else None
        if not isinstance(user, str) or not user:
            raise VendorFault("vendor_error", "no_user_id")
        return user

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """By status: the shape of a body varies."""
        return fault_of_status(answer)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        if "glucose" not in ask.kinds:
            return
        since = ask.since if ask.cursor is None else await self._new_since(send, ask, ask.cursor)
        # Windows are told in whole seconds: one within a second would be empty, which is refused as a bad question.
        first, last = since.replace(microsecond=0), (ask.until + ALMOST).replace(microsecond=0)
        for name in CALLS:
            start = first
            while start < last:
                end = min(start + WINDOW, last)
                payload = self.check(await send(self._get(name, _span(start, end))))
                if _has_records(payload):
                    yield Page(endpoint=name, payload=payload, cursor=_text(ask.until))
                start = end

    async def _new_since(self, send: Send, ask: Ask, looked_at: str) -> datetime:
        """Where what was uploaded since the last look begins, however long ago it was measured."""
        body = self.check(await send(self._get("dataRange", {"lastSyncTime": looked_at})))
        ranges = [body.get(name) for name in CALLS] if isinstance(body, dict) else []
        starts = [
            at
            for found in ranges
            if isinstance(found, dict)
            and isinstance(first := found.get("start"), dict)
            and (at := _system(first.get("systemTime"))) is not None
        ]
        return max(min([*starts, ask.since]), ask.until - LATE)

    def _get(self, name: str, params: dict[str, str]) -> Request:
        return Request(
            method="GET", url=f"https://{self.host}/v3/users/self/{name}", params=params, endpoint=name
        )


def _span(start: datetime, end: datetime) -> dict[str, str]:
    """UTC without an offset, in whole seconds. Whether the end counts is not published: windows touch, and what comes
    twice has one id."""
    return {"startDate": _text(start), "endDate": _text(end)}


def _text(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _system(text: Any) -> datetime | None:
    """System time is UTC; receivers tell it without an offset."""
    at, wall = iso(text), wall_clock(text)
    return at or (None if wall is None else wall.replace(tzinfo=UTC))


def _has_records(payload: Any) -> bool:
    return isinstance(payload, dict) and bool(payload.get("records"))


CLIENT: Final = DexcomClient
