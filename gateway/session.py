"""Sessions of browsers and of the app: in Redis, by the digest of a random id, with limits, ended everywhere at once.

A session is remembered in this process for `RECHECK_S`; an end that is said over Redis takes effect at once. When Redis
is away, sessions that were seen within `GRACE_S` go on, new ones are refused.
"""

import asyncio
import hmac
import secrets
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Final, Literal, cast
from uuid import UUID

import msgspec

from chassis.auth import Principal, TokenSigner
from chassis.cache import DOWN, Cache
from chassis.log import Log
from gateway.settings import Settings
from proto.errors import Unavailable
from proto.words import Role

log = Log("session")

RECHECK_S: Final = 1.0
GRACE_S: Final = 60.0
BEARER_S: Final = 600
"""Life of the token that a session's requests carry inside the house."""
BEARER_RENEW_S: Final = 60
REMEMBER_MAX: Final = 20_000
ENDED: Final = "dc:session-ended"
APP_TOKEN: Final = "dca_"  # noqa: S105 - how the app's bearers begin, not one of them

SessionKind = Literal["browser", "app"]
"""What carries it: a cookie, which costs a CSRF token; or the app's bearer, which no page can send unasked."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What Redis keeps of a sign-in: ids and roles, no name. `ends_at` is epoch seconds."""

    user_id: UUID
    roles: frozenset[Role]
    patient_id: UUID | None
    csrf: str
    ends_at: float
    kind: SessionKind = "browser"


class Known:
    """A session as this process knows it."""

    __slots__ = ("bearer", "bearer_until", "checked", "key", "principal", "session")

    def __init__(self, key: str, session: Session) -> None:
        self.key = key
        self.session = session
        self.principal = Principal(
            user_id=session.user_id, roles=session.roles, patient_id=session.patient_id
        )
        self.checked = time.monotonic()
        self.bearer = b""
        self.bearer_until = 0.0


class NewSession(msgspec.Struct, frozen=True, kw_only=True):
    sid: str
    csrf: str
    lasts_s: int


_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder(Session).decode


class Sessions:
    """All that is known of sessions."""

    def __init__(
        self, settings: Settings, cache: Cache, signer: TokenSigner, *, recheck_s: float = RECHECK_S
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._signer = signer
        self._recheck_s = recheck_s
        self._known: dict[str, Known] = {}
        self._listeners: list[Callable[[str], None]] = []
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._task = asyncio.create_task(self._hear_ends(), name="session-ends")

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def problem(self) -> str | None:
        return None

    def on_end(self, listener: Callable[[str], None]) -> None:
        """Called with the key of a session that was ended, here or in another gateway."""
        self._listeners.append(listener)

    async def begin(self, principal: Principal, replaces: str | None) -> NewSession:
        """A browser's new session; the one that it came with is ended, so an id never survives a sign-in."""
        if replaces:
            await self.end(key_of(replaces))
        return await self._begin(principal, "browser", secrets.token_urlsafe(32), secrets.token_urlsafe(32))

    async def begin_app(self, principal: Principal) -> NewSession:
        """A new session of the app; its id is the bearer."""
        return await self._begin(principal, "app", APP_TOKEN + secrets.token_urlsafe(32), "")

    async def _begin(self, principal: Principal, kind: SessionKind, sid: str, csrf: str) -> NewSession:
        idle_s, absolute_s = self._limits(kind)
        session = Session(
            user_id=principal.user_id,
            roles=principal.roles,
            patient_id=principal.patient_id,
            csrf=csrf,
            ends_at=time.time() + absolute_s,
            kind=kind,
        )
        key, all_of = key_of(sid), _key_of_all(principal.user_id)
        try:
            async with self._cache.client.pipeline(transaction=True) as pipe:
                pipe.hset(key, mapping={"session": _encode(session), "seen": int(time.time())})
                pipe.expire(key, idle_s)
                pipe.zadd(all_of, {key: session.ends_at})
                pipe.zremrangebyscore(all_of, "-inf", time.time())
                pipe.pexpire(all_of, int(absolute_s * 1000), gt=True)
                pipe.pexpire(all_of, int(absolute_s * 1000), nx=True)
                await pipe.execute()
        except DOWN:
            raise Unavailable("sessions") from None
        return NewSession(sid=sid, csrf=csrf, lasts_s=absolute_s)

    def _limits(self, kind: SessionKind) -> tuple[int, int]:
        """How long one may be idle, and last, in seconds."""
        settings = self._settings
        if kind == "app":
            return settings.app_session_idle_s, settings.app_session_absolute_s
        return settings.session_idle_s, settings.session_absolute_s

    async def find(self, sid: str, kind: SessionKind = "browser") -> Known | None:
        """The live session of this kind, its idle time begun anew; None when there is none (any more)."""
        known = await self._find(sid)
        return known if known is not None and known.session.kind == kind else None

    async def _find(self, sid: str) -> Known | None:
        key = key_of(sid)
        known = self._known.get(key)
        if known is not None and time.monotonic() - known.checked < self._recheck_s:
            return known if time.time() < known.session.ends_at else None
        try:
            session = await self._touch(key)
        except DOWN:
            if known is not None and time.monotonic() - known.checked < GRACE_S:
                return known
            raise Unavailable("sessions") from None
        if session is None:
            self._known.pop(key, None)
            return None
        if known is None:
            if len(self._known) >= REMEMBER_MAX:
                self._known.clear()
            known = self._known[key] = Known(key, session)
        known.checked = time.monotonic()
        return known

    async def _touch(self, key: str) -> Session | None:
        stored = await self._cache.client.hget(key, "session")
        if stored is None:
            return None
        session = _decode(stored)
        left = session.ends_at - time.time()
        if left <= 0:
            await self._cache.client.delete(key)
            return None
        async with self._cache.client.pipeline(transaction=True) as pipe:
            pipe.hset(key, "seen", int(time.time()))
            pipe.expire(key, max(1, min(self._limits(session.kind)[0], int(left))))
            await pipe.execute()
        return session

    async def still_lives(self, key: str, *, waits_longer: bool) -> bool:
        """Whether a session goes on, asked for a live connection: being watched is not being used.

        `waits_longer`: a clinician's page may stay for `live_idle_s` since the last request.
        """
        try:
            stored, seen = await self._cache.client.hmget(key, ["session", "seen"])
            session = _decode(stored) if stored is not None else None
            if session is None or session.ends_at <= time.time():
                return False
            if session.kind == "app":
                return True  # days of idle time need no keeping up
            if waits_longer and seen and time.time() - int(seen) < self._settings.live_idle_s:
                await self._cache.client.expire(key, self._settings.session_idle_s)
        except DOWN:
            log.warning("session_not_checked")  # again in a minute; frames are checked against permissions
        return True

    def bearer(self, known: Known) -> bytes:
        """The `Authorization` header with which a session's requests travel on; never leaves the house."""
        now = time.time()
        if now > known.bearer_until:
            known.bearer = b"Bearer " + self._signer.sign(known.principal, BEARER_S).encode()
            known.bearer_until = now + BEARER_S - BEARER_RENEW_S
        return known.bearer

    async def end(self, key: str) -> None:
        """Ends a session everywhere."""
        self._forget(key)
        try:
            await self._cache.client.delete(key)
            await self._cache.client.publish(ENDED, key)
        except DOWN:
            raise Unavailable("sessions") from None

    async def end_all(self, user_id: UUID) -> list[str]:
        """Ends every session of a person everywhere; answers the keys of those that there were.

        Whoever asks again after a failure finds those that are left. One that begins meanwhile stays.
        """
        all_of = _key_of_all(user_id)
        try:
            members = cast("list[bytes]", await self._cache.client.zrange(all_of, 0, -1))
            keys = [member.decode() for member in members]
            for key in keys:
                await self.end(key)
                await self._cache.client.zrem(all_of, key)
        except DOWN:
            raise Unavailable("sessions") from None
        return keys

    def _forget(self, key: str) -> None:
        self._known.pop(key, None)
        for listener in self._listeners:
            listener(key)

    async def _hear_ends(self) -> None:
        while True:
            try:
                async with self._cache.client.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(ENDED)
                    while True:
                        message = await channel.get_message(timeout=1.0)
                        if message is not None:
                            self._forget(message["data"].decode())
            except DOWN as error:
                log.warning("session_ends_not_heard", error=type(error).__name__)
                await asyncio.sleep(0.5)


def is_csrf(session: Session, header: str | None) -> bool:
    return header is not None and hmac.compare_digest(header.encode(), session.csrf.encode())


def key_of(sid: str) -> str:
    return "dc:session:" + sha256(sid.encode()).hexdigest()


def _key_of_all(user_id: UUID) -> str:
    """The keys of a person's sessions by when they end at the latest; some have ended before."""
    return f"dc:sessions-of:{user_id}"
