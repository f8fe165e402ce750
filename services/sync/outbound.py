"""The one way out to vendors: allowed hosts only, within budgets, with deadlines and a bound on what comes back.

No redirects, no proxy of the environment, no private addresses; a URL out of a vendor's data goes nowhere unless its host
is on the manifest's list.
"""

import asyncio
import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

import httpx2

from chassis import telemetry
from chassis.log import Log
from proto.vendors.client import Answer, Client, Request, Tokens, VendorFault
from proto.vendors.manifest import Manifest
from services.sync.budgets import Budgets

log = Log("outbound")

DEADLINE_S: Final = 10.0
BODY_MAX: Final = 5 * 1024 * 1024
PATIENCE_S: Final = 20.0
"""A budget that is free sooner is waited for; otherwise the account is put off."""
FAILED: Final = (httpx2.HTTPError, OSError, TimeoutError)


class Outbound:
    """One pool of connections for all vendors. `gate`: see `Settings.vendor_gate`."""

    def __init__(self, budgets: Budgets, gate: str) -> None:
        self._budgets = budgets
        self._gate = gate.rstrip("/")
        self._http = httpx2.AsyncClient(timeout=DEADLINE_S, trust_env=False, follow_redirects=False)

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._http.aclose()

    def problem(self) -> str | None:
        return None

    def address(self, url: str) -> str:
        """Where a vendor's URL really is: itself, or in development behind the gate."""
        if not self._gate:
            return url
        parts = urlsplit(url)
        query = f"?{parts.query}" if parts.query else ""
        return f"{self._gate}/{parts.netloc}{parts.path}{query}"

    async def send(
        self, manifest: Manifest, account: str, request: Request, *, by_person: bool = False
    ) -> Answer:
        """Raises `VendorFault`: `rate_limited` when the budget is used up for longer, `retry_later` when the vendor
        cannot be reached, `invalid_request` for an address that is not the vendor's."""
        parts = urlsplit(request.url)
        if parts.scheme != "https" or parts.hostname not in manifest.hosts:
            raise VendorFault("invalid_request", "foreign_host")
        await self._wait_for_budget(manifest, account, by_person)
        with telemetry.VENDOR_SECONDS.labels(manifest.name).time():
            try:
                answer = await asyncio.wait_for(self._ask(request, parts.hostname), DEADLINE_S)
            except FAILED as error:
                telemetry.VENDOR_REQUESTS.labels(manifest.name, "unreachable").inc()
                log.warning("vendor_unreachable", vendor=manifest.name, error=type(error).__name__)
                raise VendorFault("retry_later", type(error).__name__) from None
        telemetry.VENDOR_REQUESTS.labels(manifest.name, f"{answer.status // 100}xx").inc()
        return answer

    async def _wait_for_budget(self, manifest: Manifest, account: str, by_person: bool) -> None:
        waited = 0.0
        while (wait := await self._budgets.take(manifest, account, by_person=by_person)) > 0:
            if waited + wait > PATIENCE_S:
                raise VendorFault("rate_limited", "budget", wait)
            waited += wait
            await asyncio.sleep(wait)

    async def _ask(self, request: Request, host: str) -> Answer:
        if not self._gate:
            await _require_public(host)
        # BAA: to the vendor's cloud, on the person's authorization; the manifest names the agreement.
        async with self._http.stream(
            request.method,
            self.address(request.url),
            params=dict(request.params) or None,
            data=None if request.form is None else dict(request.form),
            json=request.json,
            headers=dict(request.headers),
        ) as response:
            parts: list[bytes] = []
            size = 0
            async for part in response.aiter_bytes():
                size += len(part)
                if size > BODY_MAX:
                    raise VendorFault("vendor_error", "answer_too_large")
                parts.append(part)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return Answer(status=response.status_code, body=b"".join(parts), headers=headers)


class Line:
    """One account's way to its vendor: adds the token, and reads a refusal that asks everybody to wait.

    `by_person`: somebody waits at the page for it.
    """

    def __init__(
        self,
        outbound: Outbound,
        budgets: Budgets,
        client: Client,
        account: str,
        tokens: Tokens | None,
        *,
        by_person: bool = False,
    ) -> None:
        self._outbound = outbound
        self._budgets = budgets
        self._client = client
        self._account = account
        self.tokens = tokens
        self._by_person = by_person

    def without_tokens(self) -> "Line":
        """For the token endpoint, which is shown the client's own credentials."""
        return Line(self._outbound, self._budgets, self._client, self._account, None)

    async def __call__(self, request: Request) -> Answer:
        if self.tokens is not None and "authorization" not in request.headers:
            request = self._client.authorized(request, self.tokens)
        manifest = self._client.manifest
        answer = await self._outbound.send(manifest, self._account, request, by_person=self._by_person)
        fault = self._client.fault_of(answer)
        if fault is not None and fault.fault.fault_class == "rate_limited":
            per_account = bool(manifest.limits) and all(one.scope == "account" for one in manifest.limits)
            wait = fault.fault.retry_after or 60.0
            await self._budgets.pause(manifest, self._account if per_account else None, wait)
        return answer


async def _require_public(host: str) -> None:
    """A name that leads into our own network is nobody's vendor. Raises `VendorFault`."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, 443, type=socket.SOCK_STREAM)
    for *_, address in found:
        ip = ipaddress.ip_address(address[0])
        mapped = getattr(ip, "ipv4_mapped", None)
        if not (mapped or ip).is_global:
            raise VendorFault("invalid_request", "private_address")
