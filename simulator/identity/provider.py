"""The rules of the code flow (RFC 6749 with PKCE, RFC 7636; OpenID Connect Core): codes and tokens in memory.

Takes `now`; knows no HTTP. Everything here may vanish with the process: people sign in again.
"""

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import msgspec

from simulator.identity.keys import SigningKey
from simulator.identity.people import Person

CODE_S: Final = 60
TOKEN_S: Final = 600
MOST: Final = 10_000
"""Codes and tokens kept at once; the oldest go first."""


class OAuthError(Exception):
    """An error of the protocol by its registered name."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error = error
        self.description = description


class Untrusted(Exception):
    """Client or return address are unknown: the person is told, and nobody is sent anywhere."""


class Authorization(msgspec.Struct, frozen=True, kw_only=True):
    """A checked authorization request."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str
    nonce: str
    code_challenge: str

    def query(self) -> str:
        """The request again, for the links of the choice page."""
        return urlencode(
            {
                "response_type": "code",
                "client_id": self.client_id,
                "redirect_uri": self.redirect_uri,
                "scope": self.scope,
                "state": self.state,
                "nonce": self.nonce,
                "code_challenge": self.code_challenge,
                "code_challenge_method": "S256",
            }
        )

    def answer(self, **more: str) -> str:
        """Where the browser goes next."""
        return f"{self.redirect_uri}?{urlencode({**more, 'state': self.state})}"


class _Grant(msgspec.Struct, frozen=True, kw_only=True):
    request: Authorization
    person: Person
    until: float
    signed_in_at: float


class Provider:
    """One client, one signing key. `callback`: the only address that codes are sent to."""

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: str, public_url: str, key: SigningKey
    ) -> None:
        self.issuer = issuer.rstrip("/")
        self.client_id = client_id
        self.public_url = public_url.rstrip("/")
        self.callback = f"{self.public_url}/auth/callback"
        self.key = key
        self._secret = client_secret
        self._codes: OrderedDict[str, _Grant] = OrderedDict()
        self._used: OrderedDict[str, str] = OrderedDict()
        """Code → the access token it gave, to be withdrawn when the code comes a second time."""
        self._tokens: OrderedDict[str, tuple[Person, float]] = OrderedDict()

    def metadata(self) -> dict[str, Any]:
        at = self.issuer
        return {
            "issuer": at,
            "authorization_endpoint": f"{at}/authorize",
            "token_endpoint": f"{at}/token",
            "userinfo_endpoint": f"{at}/userinfo",
            "jwks_uri": f"{at}/jwks.json",
            "end_session_endpoint": f"{at}/end-session",
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
            "scopes_supported": ["openid", "profile"],
            "claims_supported": [
                "sub", "preferred_username", "name", "roles", "zoneinfo", "locale", "nonce", "auth_time",
            ],
        }  # fmt: skip

    def check(self, query: dict[str, str]) -> Authorization:
        """The request, or `Untrusted`; a fault that the client shall hear of is an `OAuthError`."""
        if query.get("client_id") != self.client_id:
            raise Untrusted("The application that sent you here is not known.")
        if query.get("redirect_uri") != self.callback:
            raise Untrusted("The address to return to is not the one that was registered.")
        if query.get("response_type") != "code":
            raise OAuthError("unsupported_response_type", "only response_type=code")
        if "openid" not in query.get("scope", "").split():
            raise OAuthError("invalid_scope", "scope must contain openid")
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            raise OAuthError("invalid_request", "PKCE with S256 is required")
        if query.get("prompt") == "none":
            raise OAuthError("login_required", "no session is kept here")
        return Authorization(
            client_id=self.client_id,
            redirect_uri=self.callback,
            scope=query["scope"],
            state=query.get("state", ""),
            nonce=query.get("nonce", ""),
            code_challenge=query["code_challenge"],
        )

    def issue_code(self, request: Authorization, person: Person, now: float) -> str:
        code = secrets.token_urlsafe(32)
        _put(self._codes, code, _Grant(request=request, person=person, until=now + CODE_S, signed_in_at=now))
        return code

    def authenticate_client(self, client_id: str, client_secret: str) -> None:
        right = hmac.compare_digest(client_secret.encode(), self._secret.encode())
        if client_id != self.client_id or not right:
            raise OAuthError("invalid_client", "client authentication failed")

    def redeem(self, form: dict[str, str], now: float) -> dict[str, Any]:
        """The answer of the token endpoint; a code works once, for its own client, address and verifier."""
        if form.get("grant_type") != "authorization_code":
            raise OAuthError("unsupported_grant_type", "only authorization_code")
        code = form.get("code", "")
        if code in self._used:
            self._tokens.pop(self._used[code], None)
            raise OAuthError("invalid_grant", "the code was used before")
        grant = self._codes.pop(code, None)
        if grant is None or grant.until < now:
            raise OAuthError("invalid_grant", "the code is unknown or has expired")
        token = secrets.token_urlsafe(32)
        _put(self._used, code, token)
        if form.get("redirect_uri") != grant.request.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri differs")
        if challenge_of(form.get("code_verifier", "")) != grant.request.code_challenge:
            raise OAuthError("invalid_grant", "code_verifier does not match")
        _put(self._tokens, token, (grant.person, now + TOKEN_S))
        return {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": TOKEN_S,
            "scope": grant.request.scope,
            "id_token": self._id_token(grant, now),
        }

    def userinfo(self, token: str, now: float) -> dict[str, Any] | None:
        person, until = self._tokens.get(token, (None, 0.0))
        return claims_of(person) if person is not None and now <= until else None

    def may_return_to(self, url: str) -> bool:
        """Whether a person who signed out may be sent there: pages of the gateway only."""
        wanted, ours = urlsplit(url), urlsplit(self.public_url)
        return (wanted.scheme, wanted.netloc) == (ours.scheme, ours.netloc)

    def _id_token(self, grant: _Grant, now: float) -> str:
        claims = {
            **claims_of(grant.person),
            "iss": self.issuer,
            "aud": self.client_id,
            "iat": int(now),
            "exp": int(now) + TOKEN_S,
            "auth_time": int(grant.signed_in_at),
        }
        if grant.request.nonce:
            claims["nonce"] = grant.request.nonce
        return self.key.sign(claims)


def claims_of(person: Person) -> dict[str, Any]:
    return {
        "sub": str(person.user_id),
        "preferred_username": person.name,
        "name": person.display_name,
        "roles": list(person.roles),
        "zoneinfo": person.zone,
        "locale": person.locale,
    }


def challenge_of(verifier: str) -> str:
    """S256 of RFC 7636 §4.2."""
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _put(table: OrderedDict[str, Any], key: str, value: Any) -> None:
    table[key] = value
    if len(table) > MOST:
        table.popitem(last=False)
