"""How a vendor is spoken to: requests are built and answers are read here and in `vendors/<name>/client.py`; sending,
budgets, retries and storing are the caller's. A client holds no state and does no I/O of its own.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final, Literal, Protocol
from urllib.parse import urlencode

import msgspec

from proto.vendors.instants import EPOCH
from proto.vendors.manifest import Manifest, scopes_for
from proto.vendors.normalized import Fault, FaultClass
from proto.words import Kind

Method = Literal["GET", "POST", "PUT", "DELETE"]


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request to a vendor. `url` is the vendor's own; `form` or `json` is the body."""

    method: Method
    url: str
    params: Mapping[str, str] = {}
    form: Mapping[str, str] | None = None
    json: Any = None
    headers: Mapping[str, str] = {}
    endpoint: str = ""
    """The name of the call, for metrics and for `normalized.Context`."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. Header names are lower case."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}

    def json(self) -> Any:
        """The decoded body, or None when it is no JSON."""
        try:
            return msgspec.json.decode(self.body) if self.body else None
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None


class Send(Protocol):
    """Sends a request within the budgets of application and account. Raises `VendorFault` when the vendor cannot be
    reached, or must not be asked now."""

    async def __call__(self, request: Request) -> Answer: ...


class VendorFault(Exception):
    """The vendor refused, or could not. Carries no body: it may hold health information."""

    def __init__(self, fault_class: FaultClass, code: object, retry_after_s: float | None = None) -> None:
        super().__init__(f"{fault_class}:{code}")
        self.fault = Fault(fault_class=fault_class, code=str(code)[:60], retry_after=retry_after_s)


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a grant gives. PHI-adjacent secrets: sealed at rest, never logged."""

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = None
    scopes: tuple[str, ...] = ()
    user_id: str | None = None
    """The vendor's name for the person, where the answer says it."""

    def __repr__(self) -> str:
        return "Tokens(•)"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is wanted: records measured in `[since, until)`, or what changed after `cursor` where the vendor can say."""

    since: datetime
    until: datetime
    kinds: frozenset[Kind]
    timezone: str
    cursor: str | None = None
    """The last `Page.cursor` of an incremental look; None in a backfill."""


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """One answer with data, for the mapping. `cursor`: where the next incremental look begins once this is stored."""

    endpoint: str
    payload: Any
    cursor: str | None = None


class Incoming(msgspec.Struct, frozen=True, kw_only=True):
    """A request to our webhook address, before anything is believed. Header names are lower case."""

    method: str
    body: bytes
    headers: Mapping[str, str] = {}
    params: Mapping[str, str] = {}
    received_at: datetime


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the vendor expects to hear. `accept`: it is a notification, to be kept before this is said.

    `outcome` is for the metrics: accepted, challenge, bad_signature, replayed or malformed.
    """

    status: int
    body: bytes = b""
    content_type: str = "text/plain"
    accept: bool = False
    event_id: str = ""
    outcome: Literal["accepted", "challenge", "bad_signature", "replayed", "malformed"] = "accepted"


class Notification(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a kept event says about one person. A hint: data are fetched with our own token, unless `payload`
    is the data itself (push). `gone`: the person withdrew at the vendor; it is confirmed before it is believed."""

    user_id: str
    since: datetime | None = None
    until: datetime | None = None
    endpoint: str = ""
    payload: Any = None
    gone: bool = False


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that the vendor was asked for. `topic`: what about; `id`: the vendor's name for it."""

    topic: str
    url: str
    id: str = ""
    expires_at: datetime | None = None


class Client:
    """The standard behaviour, by the manifest's flags. A vendor's client overrides what the vendor does otherwise.

    `credentials`: the secrets that the manifest names. `hosts`: other hosts for the manifest's (staging, a region).
    """

    manifest: ClassVar[Manifest]

    def __init__(self, credentials: Mapping[str, str]) -> None:
        self.credentials = credentials

    # -- grants -----------------------------------------------------------------------------------------------------

    def authorize_url(
        self, *, state: str, redirect_uri: str, kinds: frozenset[Kind], code_verifier: str
    ) -> str:
        """Where the person agrees at the vendor (RFC 6749 §4.1.1, RFC 7636 where the vendor takes it)."""
        oauth = self._oauth()
        query = {
            "response_type": "code",
            "client_id": self.credentials["client_id"],
            "redirect_uri": redirect_uri,
            "state": state,
            **oauth.authorize_extra,
        }
        if oauth.scopes:
            query["scope"] = oauth.scope_separator.join(scopes_for(oauth, kinds))
        if oauth.pkce:
            query |= {"code_challenge": challenge_of(code_verifier), "code_challenge_method": "S256"}
        return f"{oauth.authorize_url}?{urlencode(query)}"

    def exchange_request(self, code: str, redirect_uri: str, code_verifier: str) -> Request:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        if self._oauth().pkce:
            form["code_verifier"] = code_verifier
        return self._token_request(form)

    def refresh_request(self, refresh_token: str) -> Request:
        return self._token_request({"grant_type": "refresh_token", "refresh_token": refresh_token})

    def read_tokens(self, answer: Answer, now: datetime) -> Tokens:
        """The grant in an answer of the token endpoint. Raises `VendorFault`; `invalid_grant` is `grant_lost`."""
        body = answer.json()
        if (
            answer.status != 200
            or not isinstance(body, dict)
            or not isinstance(body.get("access_token"), str)
        ):
            raise self._token_fault(answer, body)
        return self._tokens(body, now)

    async def identify(self, send: Send, tokens: Tokens) -> str:
        """The vendor's name for the person, for vendors whose token answer does not say it."""
        if tokens.user_id is None:
            raise VendorFault("invalid_request", "no_user_id")
        return tokens.user_id

    async def revoke(self, send: Send, tokens: Tokens) -> None:
        """Ends the grant at the vendor (RFC 7009 by default). Nothing where the vendor offers nothing."""
        oauth = self._oauth()
        if not oauth.revoke_url:
            return
        answer = await send(
            Request(
                method="POST",
                url=oauth.revoke_url,
                form={"token": tokens.refresh_token or tokens.access_token, **self._client_form()},
                headers=self._client_headers(),
                endpoint="revoke",
            )
        )
        self.check(answer)

    # -- data -------------------------------------------------------------------------------------------------------

    def authorized(self, request: Request, tokens: Tokens) -> Request:
        """The request with the person's token."""
        headers = {**request.headers, "authorization": f"Bearer {tokens.access_token}"}
        return msgspec.structs.replace(request, headers=headers)

    def fault_of(self, answer: Answer) -> VendorFault | None:
        """What an answer says went wrong, or None. By HTTP status; vendors that answer 200 with an error override it."""
        return fault_of_status(answer)

    def check(self, answer: Answer) -> Any:
        """The decoded body of a good answer. Raises `VendorFault`."""
        fault = self.fault_of(answer)
        if fault is not None:
            raise fault
        return answer.json()

    def pages(self, send: Send, ask: Ask) -> AsyncIterator[Page]:
        """Everything that is asked for, page by page, in the vendor's order. `send` adds the person's token."""
        raise NotImplementedError(f"{self.manifest.name} is not asked: it pushes")

    # -- notifications ----------------------------------------------------------------------------------------------

    def receive(self, incoming: Incoming, secrets: Sequence[str]) -> Reply:
        """Judges a request to the webhook address: a handshake, a genuine notification, or neither. Compares in
        constant time, over the bytes as they came. `secrets`: all that are good now (rotation)."""
        raise NotImplementedError(f"{self.manifest.name} sends no webhooks")

    def notifications(self, payload: bytes, content_type: str) -> list[Notification]:
        """What a kept event says. Total: what it does not know it leaves out."""
        raise NotImplementedError(f"{self.manifest.name} sends no webhooks")

    def topics(self, kinds: frozenset[Kind]) -> list[str]:
        """What to be notified about, where the vendor must be asked for it."""
        return []

    async def subscriptions(self, send: Send) -> list[Subscription]:
        """Those that the vendor knows of now."""
        return []

    async def subscribe(self, send: Send, topic: str, url: str, secret: str) -> None:
        raise NotImplementedError(f"{self.manifest.name} needs no subscription")

    async def unsubscribe(self, send: Send, subscription: Subscription) -> None:
        raise NotImplementedError(f"{self.manifest.name} needs no subscription")

    # -- parts ------------------------------------------------------------------------------------------------------

    def _oauth(self) -> Any:
        if self.manifest.oauth is None:
            raise VendorFault("invalid_request", "no_oauth")
        return self.manifest.oauth

    def _client_form(self) -> dict[str, str]:
        if self._oauth().client_auth == "basic":
            return {}
        return {name: self.credentials[name] for name in ("client_id", "client_secret")}

    def _client_headers(self) -> dict[str, str]:
        if self._oauth().client_auth != "basic":
            return {}
        pair = f"{self.credentials['client_id']}:{self.credentials['client_secret']}"
        return {"authorization": "Basic " + base64.b64encode(pair.encode()).decode()}

    def _token_request(self, form: dict[str, str]) -> Request:
        oauth = self._oauth()
        fields = {**form, **self._client_form()}
        if oauth.client_auth == "query":
            return Request(method="GET", url=oauth.token_url, params=fields, endpoint="token")
        return Request(
            method="POST",
            url=oauth.token_url,
            form=fields,
            headers=self._client_headers(),
            endpoint="token",
        )

    def _token_fault(self, answer: Answer, body: Any) -> VendorFault:
        code = body.get("error") if isinstance(body, dict) else None
        if code == "invalid_grant":
            return VendorFault("grant_lost", code)
        found = fault_of_status(answer)
        if found is None or found.fault.fault_class in ("auth", "invalid_request"):
            return VendorFault("invalid_request", code or answer.status)
        return found

    def _tokens(self, body: dict[str, Any], now: datetime) -> Tokens:
        oauth = self._oauth()
        lifetime = body.get("expires_in")
        seconds = float(lifetime) if isinstance(lifetime, int | float) else float(oauth.access_token_s)
        scope = body.get("scope")
        user_id = body.get("user_id", body.get("userid"))
        refresh = body.get("refresh_token")
        return Tokens(
            access_token=body["access_token"],
            refresh_token=refresh if isinstance(refresh, str) else None,
            expires_at=now + timedelta(seconds=seconds),
            scopes=tuple(scope.replace(",", " ").split()) if isinstance(scope, str) else (),
            user_id=None if user_id is None else str(user_id),
        )


def challenge_of(code_verifier: str) -> str:
    """RFC 7636 §4.2, S256."""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


RETRY_AFTER_MAX_S: Final = 86_400.0


def fault_of_status(answer: Answer) -> VendorFault | None:
    """What an HTTP status means, with `Retry-After` where it stands."""
    status, wait = answer.status, retry_after_of(answer)
    if status < 400:
        return None
    by_status: dict[int, FaultClass] = {
        401: "auth",
        403: "forbidden_scope",
        408: "retry_later",
        410: "vendor_retired",
        425: "retry_later",
        429: "rate_limited",
        503: "retry_later",
    }
    return VendorFault(
        by_status.get(status, "invalid_request" if status < 500 else "vendor_error"), status, wait
    )


def retry_after_of(answer: Answer) -> float | None:
    """RFC 9110 §10.2.3, in seconds: a number, or a date that is compared with the answer's own `Date`."""
    text = answer.headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isdigit():
        return min(float(text), RETRY_AFTER_MAX_S)
    until, said = http_date(text), http_date(answer.headers.get("date", ""))
    if until is None or said is None:
        return None
    return min(max((until - said).total_seconds(), 0.0), RETRY_AFTER_MAX_S)


def http_date(text: str) -> datetime | None:
    """An IMF-fixdate (RFC 9110 §5.6.7)."""
    try:
        return datetime.strptime(text, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return None


def seconds_of(at: datetime) -> int:
    """Whole seconds since 1970."""
    return int((at - EPOCH).total_seconds())
