"""Speaks to Garmin: summaries are pushed, also those of the past, which are only asked for.

Pushes are not signed: their address holds a secret part that is checked before, and a header names our application. Every
summary type is set to push in Garmin's portal; of a ping the address that it names is never fetched.
"""

import hmac
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from proto.vendors.client import (
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
    seconds_of,
)
from proto.words import Kind
from vendors.garmin.manifest import DATA_HOST, MANIFEST

BASE: Final = f"https://{DATA_HOST}/wellness-api/rest"
WINDOW: Final = timedelta(days=30)
BACKFILLS: Final[Mapping[str, frozenset[Kind]]] = {
    "dailies": frozenset({"activity", "heart_rate"}),
    "sleeps": frozenset({"sleep"}),
    "bodyComps": frozenset({"weight", "body_composition"}),
    "bloodPressures": frozenset({"blood_pressure"}),
    "pulseOx": frozenset({"spo2"}),
    "respiration": frozenset({"respiratory_rate"}),
    "hrv": frozenset({"heart_rate"}),
    "userMetrics": frozenset({"cardio_fitness"}),
    "skinTemp": frozenset({"temperature"}),
}
"""The past is asked for by names of its own: `pulseOx` comes as `pulseox`, `respiration` as `allDayRespiration`."""
DUPLICATE: Final = 409
"""This window was asked for before: it is on its way, or has come."""
GONE: Final = "deregistrations"


class GarminClient(Client):
    manifest = MANIFEST

    async def identify(self, send: Send, tokens: Tokens) -> str:
        body = self.check(await send(Request(method="GET", url=f"{BASE}/user/id", endpoint="user_id")))
        user = body.get("userId") if isinstance(body, dict) else None
        if not isinstance(user, str) or not user:
            raise VendorFault("vendor_error", "no_user_id")
        return user

    async def revoke(self, send: Send, tokens: Tokens) -> None:
        """Required when a person disconnects."""
        request = Request(method="DELETE", url=f"{BASE}/user/registration", endpoint="revoke")
        self.check(await send(self.authorized(request, tokens)))

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        """Asks for the past and gives no page: it comes as pushes, some time later."""
        for name, brings in BACKFILLS.items():
            start = ask.since
            while brings & ask.kinds and start < ask.until:
                end = min(start + WINDOW, ask.until)
                params = {
                    "summaryStartTimeInSeconds": str(seconds_of(start)),
                    "summaryEndTimeInSeconds": str(seconds_of(end)),
                }
                url = f"{BASE}/backfill/{name}"
                answer = await send(
                    Request(method="GET", url=url, params=params, endpoint=f"backfill:{name}")
                )
                if answer.status != DUPLICATE:
                    self.check(answer)
                start = end
        nothing: tuple[Page, ...] = ()
        for page in nothing:
            yield page

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """The header is no proof, but another application's name is one against it."""
        named = incoming.headers.get("garmin-client-id")
        ours = self.credentials["client_id"].encode()
        if named is not None and not hmac.compare_digest(named.encode(), ours):
            return Reply(status=401, outcome="bad_signature")
        if not _summaries(incoming.body):
            return Reply(status=400, outcome="malformed")
        return Reply(status=200, accept=True, event_id=event_id_of(incoming.body.hex()))

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        """One for each person and summary type: posts mix people. The summaries are the data."""
        found: dict[tuple[str, str], list[Any]] = {}
        for name, items in _summaries(payload).items():
            for item in items:
                user = item.get("userId") if isinstance(item, dict) else None
                if isinstance(user, str) and user and "callbackURL" not in item:
                    found.setdefault((user, name), []).append(item)
        return [
            Notification(user_id=user, gone=True)
            if name == GONE
            else Notification(user_id=user, endpoint=name, payload={name: items})
            for (user, name), items in found.items()
        ]


def _summaries(body: bytes) -> dict[str, list[Any]]:
    """`{"<type>": […]}`; nothing for anything else."""
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return {}
    if not isinstance(said, dict):
        return {}
    return {name: items for name, items in said.items() if isinstance(items, list)}


CLIENT: Final = GarminClient
