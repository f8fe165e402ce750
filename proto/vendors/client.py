"""How a vendor is spoken to: requests are built and answers are read here and in `vendors/<name>/client.py`; sending,
budgets, retries and storing are the caller's. A client holds no state and does no I/O of its own.
"""

import base64
import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, ClassVar, Final, Literal, Protocol
from urllib.parse import quote, urlencode

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
        return decoded(self.body)


class Send(Protocol):
    """Sends a request within the budgets of application and account. Raises `VendorFault` when the vendor cannot be
    reached, or must not be asked now."""

    async def __call__(self, request: Request) -> Answer: ...


class VendorFault(Exception):
    """The vendor refused, or could not. Carries no body: it may hold health information."""

    def __init__(self, fault_class: FaultClass, code: object, retry_after_s: float | None = None) -> None:
        super().__init__(f"{fault_class}:{code}")
        self.fault = Fault(fault_class=fault_class, code=str(code)[:60], retry_after=retry_after_s)


class NotUsable(VendorFault):
    """What a person typed cannot be a grant, and which part of it."""

    def __init__(self, field: str, code: object) -> None:
        super().__init__("invalid_request", code)
        self.field = field


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
    is the data itself (push). `gone`: the person withdrew at the vendor; it is confirmed before it is believed.
    `emptied`: metrics of which records between `since` and `until` were deleted, where the vendor does not say which: what
    it still has there is read, and the rest is taken back."""

    user_id: str
    since: datetime | None = None
    until: datetime | None = None
    endpoint: str = ""
    payload: Any = None
    gone: bool = False
    emptied: frozenset[str] = frozenset()


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A notification that the vendor was asked for. `topic`: what about; `id`: the vendor's name for it. `url` is empty
    where the vendor knows one address only, set in its portal."""

    topic: str
    url: str
    id: str = ""
    expires_at: datetime | None = None


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """A socket of the vendor's that we open. `headers` prove who we are: secrets, never logged."""

    url: str
    headers: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return "Dial(•)"


class Pushed(msgspec.Struct, frozen=True, kw_only=True):
    """A message of a vendor's socket: its name, and a body as `notifications` takes it."""

    id: str
    payload: bytes


USER: Final = "{user}"
"""In a request's address: the vendor's name for the person, put in with the token."""


class Client:
    """The standard behaviour, by the manifest's flags. A vendor's client overrides what the vendor does otherwise.

    `credentials`: the secrets that the manifest names, and those of its options that are there.
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
            or not body["access_token"]
        ):
            raise self._token_fault(answer, body)
        return self._tokens(body, now)

    def granted(self, given: Mapping[str, str]) -> Tokens:
        """The grant in what a person typed while pairing, where there is no sign-in; `identify` proves it afterwards.
        Raises `NotUsable` for what cannot be one."""
        raise VendorFault("invalid_request", "sign_in_needed")

    async def identify(self, send: Send, tokens: Tokens) -> str:
        """The vendor's name for the person, for vendors whose grant does not say it, or does not prove it."""
        if tokens.user_id is None:
            raise VendorFault("invalid_request", "no_user_id")
        return tokens.user_id

    async def revoke(self, send: Send, tokens: Tokens) -> None:
        """Ends the grant at the vendor (RFC 7009 by default). Nothing where the vendor offers nothing."""
        oauth = self.manifest.oauth
        if oauth is None or not oauth.revoke_url:
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
        """The request with the person's token. Raises `VendorFault` for an address that needs a name nobody knows."""
        headers = {**request.headers, "authorization": f"Bearer {tokens.access_token}"}
        return msgspec.structs.replace(request, url=addressed(request.url, tokens), headers=headers)

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

    def dial(self) -> Dial | None:
        """The socket to open, for vendors whose manifest says `dial`; None while nobody has said where it is."""
        return None

    def pushed(self, message: bytes) -> Pushed | None:
        """A message of that socket; None for what is none. It is answered with `heard` once it is kept, in order."""
        return None

    def heard(self, id: str) -> bytes:
        """What the vendor is told then: it need not send this again."""
        return b""

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
        seconds: float = oauth.access_token_s
        if isinstance(lifetime, int | float) and not isinstance(lifetime, bool):
            seconds = min(max(lifetime, 0), LIFETIME_MAX_S)
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


def addressed(url: str, tokens: Tokens) -> str:
    """The address with the person's name in it, where it has a place for one."""
    if USER not in url:
        return url
    if not tokens.user_id:
        raise VendorFault("invalid_request", "no_user_id")
    return url.replace(USER, quote(tokens.user_id, safe=""))


def challenge_of(code_verifier: str) -> str:
    """RFC 7636 §4.2, S256."""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def event_id_of(*facts: object) -> str:
    """A name for a notification from what it says: the same facts have the same name, however often they come."""
    return hashlib.sha256("\x1f".join(map(str, facts)).encode("utf-8", "replace")).hexdigest()[:32]


def decoded(body: bytes) -> Any:
    """None when it is no JSON."""
    try:
        return msgspec.json.decode(body) if body else None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def around(day: Any) -> tuple[datetime | None, datetime | None]:
    """When a local date of an unknown zone can have been: a day and a half to either side of its noon. Nothing for what
    is no date."""
    try:
        noon = datetime.combine(date.fromisoformat(day), time(12), UTC)
        return noon - timedelta(hours=36), noon + timedelta(hours=36)
    except (TypeError, ValueError, OverflowError):
        return None, None


def hint_id(incoming: Incoming) -> str:
    """A name for a notification that says no time of its own: the second one of a day has the same bytes, and must be
    heard as well. Hearing a repeated one twice costs a look."""
    at = incoming.received_at.isoformat().encode()
    return hashlib.sha256(b"\0".join((at, incoming.body))).hexdigest()[:32]


LIFETIME_MAX_S: Final = 20 * 365 * 86_400
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
    if text.isdecimal():
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
