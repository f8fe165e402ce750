"""OpenID Connect with one provider: authorization code, PKCE, state and nonce (OpenID Connect Core 1.0; RFC 7636).

The id token is checked in full: signature by the provider's keys, pinned algorithms, `iss aud exp nonce`.
"""

import secrets
import time
from typing import Any, Final
from urllib.parse import urlencode

import httpx2
import msgspec
from authlib.integrations.base_client import OAuthError as ClientError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.base import OAuth2Error
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from chassis.log import Log
from gateway.origins import LOOPBACK_NAMES, name_of
from gateway.settings import Settings, origin_of
from proto.errors import Refused, Unavailable
from proto.words import ROLES, Role

log = Log("oidc")

ALGORITHMS: Final = ["ES256", "RS256", "PS256", "Ed25519"]
"""Asymmetric only: with the provider's public keys nobody can sign."""
REMEMBER_S: Final = 3600.0
TIMEOUT_S: Final = 5.0
SKEW_S: Final = 30
_ASK_AGAIN: Final = {"prompt": "login"}
"""Any app on a phone may begin a sign-in and wait for its link: none is finished without the person (RFC 8252, 8.6)."""


class Metadata(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None = None


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in under way: what the callback must bring back, and where the person wanted to go."""

    state: str
    verifier: str
    nonce: str
    next: str
    app_challenge: str | None = None
    """Set when the companion app asked: what the one who fetches the session must be able to answer."""


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What the provider says of somebody; `roles` only those that we know."""

    issuer: str
    subject: str
    sign_in_name: str
    display_name: str
    roles: list[Role]
    timezone: str | None = None
    locale: str | None = None


def new_attempt(next_: str, app_challenge: str | None = None) -> Attempt:
    return Attempt(
        state=secrets.token_urlsafe(24),
        verifier=secrets.token_urlsafe(48),
        nonce=secrets.token_urlsafe(24),
        next=next_,
        app_challenge=app_challenge,
    )


def person_of(claims: dict[str, Any]) -> Person:
    """The person of checked claims. Raises `Refused("unauthenticated")` when there is no subject."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise Refused("unauthenticated")
    named = claims.get("roles")
    roles: list[Role] = [role for role in ROLES if isinstance(named, list) and role in named]
    sign_in_name = _text(claims.get("preferred_username")) or subject
    return Person(
        issuer=str(claims.get("iss", "")),
        subject=subject,
        sign_in_name=sign_in_name,
        display_name=_text(claims.get("name")) or sign_in_name,
        roles=roles,
        timezone=_text(claims.get("zoneinfo")),
        locale=_text(claims.get("locale")),
    )


def _text(claim: object) -> str | None:
    return claim if isinstance(claim, str) and claim else None


class Provider:
    """The identity provider of `DC_OIDC_ISSUER`. Its metadata and keys are remembered for an hour."""

    def __init__(self, settings: Settings) -> None:
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.secret("oidc/client_secret")
        self._redirect_uri = f"{settings.public_url.rstrip('/')}/auth/callback"
        self._home = f"{settings.public_url.rstrip('/')}/"
        # A provider on this machine is not behind the environment's proxy.
        self._trust_env = name_of(origin_of(self._issuer)) not in LOOPBACK_NAMES
        self._http = httpx2.AsyncClient(timeout=TIMEOUT_S, trust_env=self._trust_env)
        self._metadata: Metadata | None = None
        self._keys: KeySet | None = None
        self._until = 0.0

    async def start(self) -> None:
        return

    async def stop(self) -> None:
        await self._http.aclose()

    def problem(self) -> str | None:
        return None  # asked only at sign-in

    async def address(self, attempt: Attempt) -> str:
        """Where the browser goes to sign in."""
        metadata = await self._known()
        async with self._client() as client:
            url, _ = client.create_authorization_url(
                metadata.authorization_endpoint,
                state=attempt.state,
                code_verifier=attempt.verifier,
                nonce=attempt.nonce,
                **(_ASK_AGAIN if attempt.app_challenge else {}),
            )
        return str(url)

    async def sign_out_address(self) -> str:
        """Where the browser goes to end the provider's session as well; our own front page when there is no such place."""
        try:
            metadata = await self._known()
        except Unavailable:
            return "/"
        if metadata.end_session_endpoint is None:
            return "/"
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": self._home})
        return f"{metadata.end_session_endpoint}?{query}"

    async def redeem(self, code: str, attempt: Attempt) -> Person:
        """Who signed in. Raises `Refused("unauthenticated")`, or `Unavailable` when the provider cannot be asked."""
        metadata = await self._known()
        try:
            async with self._client() as client:
                token = await client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=attempt.verifier
                )
        except (OAuth2Error, ClientError) as error:
            log.warning("code_not_redeemed", error=type(error).__name__)
            raise Refused("unauthenticated") from None
        except (httpx2.HTTPError, ValueError) as error:
            log.warning("provider_not_reached", error=type(error).__name__)
            raise Unavailable("identity provider") from None
        return person_of(await self._claims(str(token.get("id_token", "")), attempt.nonce))

    async def _claims(self, id_token: str, nonce: str) -> dict[str, Any]:
        rules = jwt.JWTClaimsRegistry(
            leeway=SKEW_S,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            decoded = await self._decoded(id_token)
            rules.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            log.warning("id_token_refused", error=type(error).__name__)
            raise Refused("unauthenticated") from None
        return decoded.claims

    async def _decoded(self, id_token: str) -> jwt.Token:
        await self._known()
        assert self._keys is not None  # noqa: S101 - `_known` loads both
        try:
            return jwt.decode(id_token, self._keys, algorithms=ALGORITHMS)
        except InvalidKeyIdError:  # the provider changed its keys: look once more
            self._until = 0.0
            await self._known()
            return jwt.decode(id_token, self._keys, algorithms=ALGORITHMS)

    async def _known(self) -> Metadata:
        if self._metadata is not None and time.monotonic() < self._until:
            return self._metadata
        try:
            found = await self._http.get(f"{self._issuer}/.well-known/openid-configuration")
            found.raise_for_status()
            metadata = msgspec.json.decode(found.content, type=Metadata)
            keys = await self._http.get(metadata.jwks_uri)
            keys.raise_for_status()
            self._keys = KeySet.import_key_set(keys.json())
        except (httpx2.HTTPError, msgspec.DecodeError, JoseError, ValueError) as error:
            log.warning("provider_not_reached", error=type(error).__name__)
            raise Unavailable("identity provider") from None
        if metadata.issuer.rstrip("/") != self._issuer:
            log.error("provider_is_another", name="issuer")
            raise Unavailable("identity provider")
        self._issuer = metadata.issuer
        self._metadata, self._until = metadata, time.monotonic() + REMEMBER_S
        return metadata

    def _client(self) -> Any:
        return AsyncOAuth2Client(
            self._client_id,
            self._client_secret.reveal(),
            redirect_uri=self._redirect_uri,
            scope="openid profile",
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 - the name of a method
            timeout=TIMEOUT_S,
            trust_env=self._trust_env,
        )
