"""Sends a cloud's notifications as the vendor does: signed at the moment of sending, again after growing waits, and on
request lost, doubled, late, out of order or with a wrong signature."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Annotated, Literal

import httpx2
import msgspec

from chassis.log import Log
from chassis.resource import Background
from simulator.vendors.ledger import Ledger

log = Log("clouds")

Mode = Literal["lost", "duplicate", "late", "reordered", "bad_signature"]


class Disorder(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What happens to the next so many notifications. `reordered`: it waits until the next one was sent."""

    mode: Mode
    count: Annotated[int, msgspec.Meta(ge=1)] = 1
    wait_s: Annotated[float, msgspec.Meta(ge=0, le=600)] = 1.0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    url: str
    body: bytes
    content_type: str = "application/json"
    secret: str = ""
    """What this address' notifications are signed with."""


Sign = Callable[[Notice, bool], Mapping[str, str]]
"""The headers that prove it genuine, made now; with True such that they prove nothing."""


class Sender:
    """One cloud's. `retries`: the waits before each further attempt, in seconds; `pace` shortens them in tests."""

    def __init__(self, sign: Sign, retries: tuple[float, ...], ledger: Ledger, timeout_s: float) -> None:
        self.pace = 1.0
        self.disorder: list[Disorder] = []
        self._sign = sign
        self._retries = retries
        self._ledger = ledger
        self._timeout_s = timeout_s
        self._held: list[Notice] = []
        self._background = Background()
        self._http: httpx2.AsyncClient | None = None

    async def start(self) -> None:
        self._http = httpx2.AsyncClient(timeout=self._timeout_s, trust_env=False)

    async def stop(self) -> None:
        await self._background.stop()
        if self._http is not None:
            await self._http.aclose()

    def send(self, notice: Notice) -> None:
        mode, wait_s = self._take()
        held, self._held = self._held, []
        if mode == "lost":
            self._ledger.notice("dropped")
        elif mode == "reordered":
            self._held.append(notice)
        else:
            for _ in range(2 if mode == "duplicate" else 1):
                self._spawn(notice, bad=mode == "bad_signature", wait_s=wait_s if mode == "late" else 0)
        for old in held:
            self._spawn(old, bad=False, wait_s=0.05)

    async def get(self, url: str, params: Mapping[str, str], method: str = "GET") -> tuple[int, bytes]:
        """A handshake: status and body; 0 when nobody answered."""
        return await self.ask(method, url, params=params)

    async def ask(
        self, method: str, url: str, *, params: Mapping[str, str] | None = None, body: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:  # fmt: skip
        if self._http is None:
            return 0, b""
        try:
            answer = await self._http.request(
                method, url, params=params, content=body or None, headers=dict(headers or {})
            )
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return 0, b""
        return answer.status_code, answer.content

    def _take(self) -> tuple[str, float]:
        if not self.disorder:
            return "", 0.0
        found = self.disorder[0]
        found.count -= 1
        if not found.count:
            self.disorder.pop(0)
        return found.mode, found.wait_s

    def _spawn(self, notice: Notice, *, bad: bool, wait_s: float) -> None:
        self._background.spawn(self._deliver(notice, bad, wait_s), "notice")

    async def _deliver(self, notice: Notice, bad: bool, wait_s: float) -> None:
        for wait in (wait_s / self.pace if self.pace else 0.0, *self._retries):
            await asyncio.sleep(wait * self.pace)
            headers = {"content-type": notice.content_type, **self._sign(notice, bad)}
            status, _ = await self.ask("POST", notice.url, body=notice.body, headers=headers)
            self._ledger.notice("sent")
            self._ledger.notice(f"{status // 100}xx" if status else "failed")
            if 200 <= status < 300:
                return
        self._ledger.notice("given_up")
        log.info("notice_given_up")
