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
from proto.words import Kind
from vendors.dexcom.manifest import HOST, MANIFEST

WINDOW: Final = timedelta(days=30)
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
        for name in CALLS:
            start = ask.since
            while start < ask.until:
                end = min(start + WINDOW, ask.until)
                payload = self.check(await send(self._get(name, _span(start, end))))
                if _has_records(payload):
                    yield Page(endpoint=name, payload=payload)
                start = end

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


def _has_records(payload: Any) -> bool:
    return isinstance(payload, dict) and bool(payload.get("records"))


CLIENT: Final = DexcomClient
