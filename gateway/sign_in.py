"""Signing in and out: the steps around the provider, each with its limit and its line in the audit log."""

import asyncio
import secrets
import time
from hashlib import sha256
from typing import Final

import msgspec

from chassis.audit import AuditRecord
from chassis.auth import Principal, TokenSigner
from chassis.cache import DOWN, Cache
from chassis.log import Log
from gateway.app_codes import AppCodes, answers
from gateway.auditor import AuditLog
from gateway.demo import demo_person
from gateway.limits import Window
from gateway.oidc import Attempt, Person, Provider, new_attempt
from gateway.people import People, SignedIn
from gateway.session import Known, NewSession, Sessions, key_of
from gateway.settings import Settings
from proto.errors import Refused, Unavailable
from proto.resources import AppToken, DevToken
from proto.words import AuditAction, AuditOutcome

log = Log("sign-in")

ATTEMPT_S: Final = 600
DEV_TOKEN_S: Final = 43_200
PER_ADDRESS: Final = 4
"""How many times the limit of one account an address may fail."""


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    cookie: str
    address: str


class Finished(msgspec.Struct, frozen=True, kw_only=True):
    session: NewSession
    next: str


class ForApp(msgspec.Struct, frozen=True, kw_only=True):
    """The app began it: what it fetches its session with."""

    code: str


class SignIns:
    def __init__(
        self,
        settings: Settings,
        *,
        cache: Cache,
        provider: Provider,
        people: People,
        sessions: Sessions,
        signer: TokenSigner,
        auditor: AuditLog,
    ) -> None:
        self._issuer = settings.oidc_issuer
        self._cache = cache
        self._provider = provider
        self._people = people
        self._sessions = sessions
        self._signer = signer
        self._auditor = auditor
        self._app_codes = AppCodes(cache)
        self._failed: Window[str] = Window(settings.limit_failed_sign_ins_per_min, 60.0)
        self._failed_there: Window[str] = Window(settings.limit_failed_sign_ins_per_min * PER_ADDRESS, 60.0)

    async def begin(self, next_: str, address: str, app_challenge: str | None = None) -> Begun:
        """Keeps what the callback must bring back, under a cookie that is good for ten minutes and once."""
        self._check_limits("", address)
        attempt = new_attempt(next_, app_challenge)
        cookie = secrets.token_urlsafe(32)
        try:
            await self._cache.client.set(_attempt_key(cookie), msgspec.json.encode(attempt), ex=ATTEMPT_S)
        except DOWN:
            raise Unavailable("sign-in") from None
        return Begun(cookie=cookie, address=await self._provider.address(attempt))

    async def finish(
        self, *, cookie: str | None, state: str, code: str, old_sid: str | None, address: str
    ) -> Finished | ForApp:
        """The callback: raises `Refused("unauthenticated")` when anything of it does not fit.

        What the app began leaves the browser as it was: whoever was signed in there still is.
        """
        self._check_limits("", address)
        try:
            attempt = await self._take_attempt(cookie, state)
            person = await self._provider.redeem(code, attempt)
        except Refused:
            self._failed_there.count(address, time.monotonic())
            raise
        signed_in = await self._enter(person, address)
        principal = signed_in.principal()
        if attempt.app_challenge is not None:
            return ForApp(code=await self._app_codes.issue(principal, attempt.app_challenge))
        session = await self._sessions.begin(principal, old_sid)
        await self._audit("session.sign_in", principal, key_of(session.sid))
        return Finished(session=session, next=attempt.next)

    async def dev_token(self, name: str, address: str) -> DevToken:
        """A token for scripts, in development. Raises `Refused`: `unauthenticated`, `rate_limited`."""
        person = demo_person(name, self._issuer)
        if person is None:
            self._check_limits(name, address)
            await self._fail(name, address)
            raise Refused("unauthenticated")
        principal = (await self._enter(person, address)).principal()
        token = await asyncio.to_thread(self._signer.sign, principal, DEV_TOKEN_S)
        await self._audit("session.sign_in", principal, "development-token")
        return DevToken(access_token=token, token_type="Bearer", expires_in=DEV_TOKEN_S)  # noqa: S106

    async def app_token(self, code: str, verifier: str, address: str) -> AppToken:
        """The app's session for a code. Raises `Refused("unauthenticated")`; the code is spent either way."""
        self._check_limits("", address)
        kept = await self._app_codes.spend(code)
        if kept is None or not answers(verifier, kept.challenge):
            self._failed_there.count(address, time.monotonic())
            if kept is not None:  # somebody has a code that is not theirs
                await self._audit("session.sign_in", kept.principal(), "-", "denied")
            raise Refused("unauthenticated")
        principal = kept.principal()
        session = await self._sessions.begin_app(principal)
        await self._audit("session.sign_in", principal, key_of(session.sid))
        return AppToken(access_token=session.sid, token_type="Bearer", expires_in=session.lasts_s)  # noqa: S106

    async def sign_out(self, session: Known) -> str:
        """Ends a session everywhere; answers where the browser goes next."""
        await self._sessions.end(session.key)
        await self._audit("session.sign_out", session.principal, session.key)
        return await self._provider.sign_out_address() if session.session.kind == "browser" else "/"

    async def sign_out_everywhere(self, session: Known) -> str:
        """Ends every session of a person, this one among them: in other browsers, and in the app on any phone."""
        for key in await self._sessions.end_all(session.principal.user_id):
            if key != session.key:
                await self._audit("session.sign_out", session.principal, key)
        return await self.sign_out(session)

    async def _enter(self, person: Person, address: str) -> SignedIn:
        self._check_limits(person.sign_in_name, address)
        try:
            return await self._people.sign_in(person)
        except Refused as refused:
            if refused.code == "unauthenticated":
                await self._fail(person.sign_in_name, address)
            raise

    async def _take_attempt(self, cookie: str | None, state: str) -> Attempt:
        if not cookie or not state:
            raise Refused("unauthenticated")
        try:
            kept = await self._cache.client.getdel(_attempt_key(cookie))
        except DOWN:
            raise Unavailable("sign-in") from None
        if kept is None:
            raise Refused("unauthenticated")
        attempt = msgspec.json.decode(kept, type=Attempt)
        if not secrets.compare_digest(attempt.state.encode(), state.encode()):
            raise Refused("unauthenticated")
        return attempt

    def _check_limits(self, account: str, address: str) -> None:
        now = time.monotonic()
        wait_s = max(
            self._failed.wait_s(account, now) if account else 0.0, self._failed_there.wait_s(address, now)
        )
        if wait_s > 0:
            raise Refused("rate_limited", retry_after_s=int(wait_s) + 1)

    async def _fail(self, account: str, address: str) -> None:
        now = time.monotonic()
        self._failed.count(account, now)
        self._failed_there.count(address, now)
        await self._auditor.write(_record("session.sign_in", account, "unknown", None, "-", "denied"))

    async def _audit(
        self, action: AuditAction, principal: Principal, key: str, outcome: AuditOutcome = "allowed"
    ) -> None:
        await self._auditor.write(
            _record(
                action,
                str(principal.user_id),
                principal.role,
                principal,
                key.removeprefix("dc:session:")[:16],
                outcome,
            )
        )


def _record(
    action: AuditAction,
    actor_id: str,
    actor_role: str,
    principal: Principal | None,
    object_id: str,
    outcome: AuditOutcome = "allowed",
) -> AuditRecord:
    return AuditRecord(
        action=action,
        actor_id=actor_id[:64],
        actor_role=actor_role,
        object_type="session",
        object_id=object_id,
        patient_id=principal.patient_id if principal else None,
        outcome=outcome,
        purpose="sign-in",
    )


def _attempt_key(cookie: str) -> str:
    return "dc:login:" + sha256(cookie.encode()).hexdigest()
