"""Speaks to iHealth: names of APIs instead of scopes, tokens by GET, everything in the address, answers in PascalCase.

Nothing is announced, so it asks; a page at a time, by number.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from proto.vendors.client import (
    USER,
    Answer,
    Ask,
    Client,
    Page,
    Request,
    Send,
    Tokens,
    VendorFault,
    addressed,
    fault_of_status,
    seconds_of,
)
from proto.vendors.quantities import decimal_of
from proto.words import Kind
from vendors.ihealth.faults import class_of
from vendors.ihealth.manifest import HOST, MANIFEST

BASE: Final = f"https://{HOST}:8443/openapiv2"
WIDER: Final = timedelta(days=1)
PAGES_MAX: Final = 1000
CALLS: Final[tuple[tuple[str, str, frozenset[Kind]], ...]] = (
    ("bp", "BPDataList", frozenset({"blood_pressure"})),
    ("glucose", "BGDataList", frozenset({"glucose"})),
    ("weight", "WeightDataList", frozenset({"weight", "body_composition"})),
    ("spo2", "BODataList", frozenset({"spo2"})),
    ("activity", "ARDataList", frozenset({"activity"})),
    ("sleep", "SRDataList", frozenset({"sleep"})),
)
"""The call, its list, and what it brings."""
KNOWN: Final[Mapping[str, str]] = {
    "AccessToken": "access_token",
    "RefreshToken": "refresh_token",
    "Expires": "expires_in",
    "APIName": "scope",
    "UserID": "user_id",
}
"""Their names in the answer of the token endpoint → those of RFC 6749."""


class IHealthClient(Client):
    manifest = MANIFEST

    # -- grants -----------------------------------------------------------------------------------------------------

    def authorize_url(
        self, *, state: str, redirect_uri: str, kinds: frozenset[Kind], code_verifier: str
    ) -> str:
        url = super().authorize_url(
            state=state, redirect_uri=redirect_uri, kinds=kinds, code_verifier=code_verifier
        )
        parts = urlsplit(url)
        query = {"APIName" if name == "scope" else name: text for name, text in parse_qsl(parts.query)}
        return parts._replace(query=urlencode(query)).geturl()

    def refresh_request(self, refresh_token: str) -> Request:
        return self._token_request(
            {
                "grant_type": "refresh_token",
                "response_type": "refresh_token",
                "refresh_token": refresh_token,
                "redirect_uri": self.credentials["redirect_uri"],
            }
        )

    def read_tokens(self, answer: Answer, now: datetime) -> Tokens:
        """Their words made RFC 6749's. An error of signing in, of a code or of a refresh token, is a grant that is over."""
        body = answer.json()
        said = _error(body)
        if said is not None:
            is_over = answer.status < 500 and class_of(decimal_of(said)) == "auth"
            raise VendorFault("grant_lost" if is_over else class_of(decimal_of(said)), said)
        if isinstance(body, dict) and "AccessToken" in body:
            plain = {known: body[name] for name, known in KNOWN.items() if name in body}
            seconds = decimal_of(plain.pop("expires_in", None))
            answer = Answer(
                status=answer.status,
                body=msgspec.json.encode(
                    plain
                    if seconds is None or not 0 < seconds < 10**9
                    else {**plain, "expires_in": int(seconds)}
                ),
                headers=answer.headers,
            )
        return super().read_tokens(answer, now)

    # -- data -------------------------------------------------------------------------------------------------------

    def authorized(self, request: Request, tokens: Tokens) -> Request:
        """Whose they are, and all that proves it, stands in the address."""
        params = {
            **request.params,
            **{name: self.credentials[name] for name in ("client_id", "client_secret", "redirect_uri", "sc")},
            "access_token": tokens.access_token,
        }
        return msgspec.structs.replace(request, url=addressed(request.url, tokens), params=params)

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """By their code where there is one, whatever the status."""
        said, fault = _error(answer.json()), fault_of_status(answer)
        code = decimal_of(said)
        if fault is not None and (
            code is None or fault.fault.fault_class in ("rate_limited", "vendor_retired")
        ):
            return fault
        return None if said is None else VendorFault(class_of(code), said)

    async def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        keys = _keys(self.credentials["sv"])
        for name, rows, brings in CALLS:
            if brings & ask.kinds and name in keys:
                async for page in self._call(send, name, rows, keys[name], ask):
                    yield page

    async def _call(self, send: Send, name: str, rows: str, key: str, ask: Ask) -> AsyncIterator[Page]:
        """Ends when they say so, or when a page is empty or says another number than was asked for."""
        window = {
            "sv": key,
            "start_time": str(max(seconds_of(ask.since - WIDER), 0)),
            "end_time": str(seconds_of(ask.until + WIDER)),
        }
        for number in range(1, PAGES_MAX + 1):
            params = {**window, "page_index": str(number)}
            url = f"{BASE}/user/{USER}/{name}.json"
            payload = self.check(await send(Request(method="GET", url=url, params=params, endpoint=name)))
            body = payload if isinstance(payload, dict) else {}
            if not body.get(rows) or decimal_of(body.get("PageNumber", number)) != number:
                return
            yield Page(endpoint=name, payload=payload)
            if not body.get("NextPageUrl"):
                return
        raise VendorFault("vendor_error", "endless_pages")


def _error(body: Any) -> str | None:
    """The code of an error, or its word; None where nothing went wrong."""
    if not isinstance(body, dict):
        return None
    code, word = decimal_of(body.get("ErrorCode")), body.get("Error")
    if code:
        return str(code)
    return word if isinstance(word, str) and word else None


def _keys(text: str) -> dict[str, str]:
    """`bp=…`, one a line."""
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line)
    return {name.strip(): key.strip() for name, key in pairs if key.strip()}


CLIENT: Final = IHealthClient
