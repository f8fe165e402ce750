"""Asking the service `sync`, which alone knows vendors' credentials and accounts, in a person's own name (ADR 0013)."""

import asyncio
from typing import Any, Final

import httpx2
import msgspec

from chassis import telemetry
from chassis.auth import Principal
from chassis.log import Log
from proto.errors import Refused

log = Log("sync_calls")

DEADLINE_S: Final = 5.0
AWAY_S: Final = 10
REFUSED_S: Final = 60
NOT_HERE_S: Final = 3600
"""When to try again: `sync` is away; it cannot do it for any vendor; no vendor of ours serves the device."""
AWAY: Final = "Signing in at the maker is not possible right now. Try again in a moment, or choose another way to connect."


class SyncCalls:
    """`sync` at `url`; an empty one says that there is none here."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        # An address of our own: no proxy. Without TLS nobody is verified, so no list of authorities has to be read.
        self._http = httpx2.AsyncClient(
            timeout=DEADLINE_S, trust_env=False, verify=self._url.startswith("https:")
        )

    @property
    def is_there(self) -> bool:
        return bool(self._url)

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._http.aclose()

    def problem(self) -> str | None:
        return None  # asked only when somebody wants to sign in

    async def post(self, principal: Principal, path: str, asked: dict[str, Any]) -> httpx2.Response:
        """Whatever it answers. Raises 503 when it does not."""
        headers = {"authorization": f"Bearer {principal.token}", "content-type": "application/json"}
        telemetry.inject(headers)
        try:
            async with asyncio.timeout(DEADLINE_S):  # of the whole; the client's own is one of each step
                return await self._http.post(
                    f"{self._url}{path}", content=msgspec.json.encode(asked), headers=headers
                )
        except (TimeoutError, httpx2.HTTPError) as error:
            raise away(type(error).__name__) from None


def away(reason: str) -> Refused:
    log.warning("sync_not_reached", error=reason)
    return Refused("unavailable", retry_after_s=AWAY_S, detail=AWAY)
