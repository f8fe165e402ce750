"""Sign-in at a cloud: applications, codes, tokens and how they end. Takes `now`; knows no HTTP.

An application is known from its first exchange on: in development nobody registers one, and the secret that it shows
first is its secret.
"""

import hashlib
import hmac
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from simulator.identity.provider import challenge_of

MOST: Final = 20_000
"""Codes and tokens kept at once; the oldest go first."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The clocks of a vendor. `grace`: an old refresh token works on for `grace_s`, or until the new access token is
    used. `single_use`: spending one twice ends the grant. `static`: it stays the same."""

    code_s: int = 60
    access_s: int = 3600
    refresh_s: int = 31_536_000
    rotation: Literal["static", "grace", "single_use"] = "static"
    grace_s: int = 0
    pkce: bool = False
    secret: bool = True


class Refusal(Exception):
    """Why no token was given, by the registered name (RFC 6749 §5.2)."""

    def __init__(self, error: str, what: str) -> None:
        super().__init__(error)
        self.error = error
        self.what = what


class Grant(msgspec.Struct, kw_only=True):
    """What one person allowed one application."""

    client_id: str
    user_id: str
    scopes: tuple[str, ...]
    alive: bool = True
    turn: int = 0


class Code(msgspec.Struct, frozen=True, kw_only=True):
    grant: Grant
    redirect_uri: str
    challenge: str
    until: datetime


class Access(msgspec.Struct, kw_only=True):
    grant: Grant
    until: datetime
    replaces: str = ""
    """The refresh token that dies when this is used for the first time."""


class Refresh(msgspec.Struct, kw_only=True):
    grant: Grant
    until: datetime
    spent: bool = False
    used: datetime | None = None
    """When it was last given for another pair."""


class Reuse(msgspec.Struct, frozen=True, kw_only=True):
    """A refresh token that was spent twice: whose, and when."""

    user_id: str
    spent_at: datetime
    again_at: datetime


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    access_token: str
    refresh_token: str
    expires_in: int
    grant: Grant
    first: bool


class Grants:
    def __init__(self, vendor: str, rules: Rules) -> None:
        self.rules = rules
        self.apps: dict[str, str] = {}
        self.reuses: list[Reuse] = []
        self._vendor = vendor
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._access: OrderedDict[str, Access] = OrderedDict()
        self._refresh: OrderedDict[str, Refresh] = OrderedDict()
        self._used: OrderedDict[str, Grant] = OrderedDict()
        self._made = 0

    def code(
        self, *, client_id: str, user_id: str, scopes: tuple[str, ...], redirect_uri: str, challenge: str,
        now: datetime,
    ) -> str:  # fmt: skip
        grant = Grant(client_id=client_id, user_id=user_id, scopes=scopes)
        code = self._name("code", grant)
        until = now + timedelta(seconds=self.rules.code_s)
        self._keep(
            self._codes, code, Code(grant=grant, redirect_uri=redirect_uri, challenge=challenge, until=until)
        )
        return code

    def know(self, client_id: str, secret: str) -> None:
        """Raises `Refusal` when the application shows another secret than before."""
        if not client_id or (not secret and self.rules.secret):
            raise Refusal("invalid_client", "client_id and client_secret are needed")
        if not hmac.compare_digest(self.apps.setdefault(client_id, secret), secret):
            raise Refusal("invalid_client", "invalid client_secret")

    def redeem(self, code: str, client_id: str, redirect_uri: str, verifier: str, now: datetime) -> Issued:
        """A code works once, in its time, for its own application, address and verifier."""
        if code in self._used:
            self._used[code].alive = False
            raise Refusal("invalid_grant", "invalid code")
        kept = self._codes.pop(code, None)
        if kept is None or kept.until < now or kept.grant.client_id != client_id:
            raise Refusal("invalid_grant", "invalid code")
        self._keep(self._used, code, kept.grant)
        if redirect_uri != kept.redirect_uri:
            raise Refusal("invalid_grant", "invalid redirect_uri")
        if self.rules.pkce and challenge_of(verifier) != kept.challenge:
            raise Refusal("invalid_grant", "invalid code_verifier")
        return self._issue(kept.grant, "", now, first=True)

    def refresh(self, token: str, client_id: str, now: datetime) -> Issued:
        kept = self._refresh.get(token)
        if kept is None or kept.grant.client_id != client_id:
            raise Refusal("invalid_grant", "invalid refresh_token")
        if kept.spent:
            self.reuses.append(Reuse(user_id=kept.grant.user_id, spent_at=kept.used or now, again_at=now))
            if self.rules.rotation == "single_use":
                kept.grant.alive = False
        if kept.spent or not kept.grant.alive or kept.until < now:
            raise Refusal("invalid_grant", "invalid refresh_token")
        kept.used = now
        if self.rules.rotation == "single_use":
            kept.spent = True
        elif self.rules.rotation == "grace":
            kept.until = min(kept.until, now + timedelta(seconds=self.rules.grace_s))
        return self._issue(kept.grant, token, now, first=False)

    def bearer(self, token: str, now: datetime) -> Grant | None:
        """The grant behind an access token that is good now."""
        kept = self._access.get(token)
        if kept is None or kept.until <= now or not kept.grant.alive:
            return None
        if kept.replaces and (old := self._refresh.get(kept.replaces)) is not None:
            old.spent = True
            kept.replaces = ""
        return kept.grant

    def owner(self, token: str) -> Grant | None:
        """Whose token it is, good or not."""
        kept = self._access.get(token) or self._refresh.get(token)
        return None if kept is None else kept.grant

    def knows(self, name: str) -> bool:
        """Whether a code or a token was given out here, good or not."""
        return name in self._codes or name in self._used or self.owner(name) is not None

    def of(self, user_id: str) -> list[Grant]:
        """The living grants of a person, each once."""
        found = {id(one.grant): one.grant for one in self._refresh.values()}
        return [grant for grant in found.values() if grant.user_id == user_id and grant.alive]

    def expire(self, user_id: str) -> int:
        """Ends the access tokens of a person, not the grants."""
        mine = [one for one in self._access.values() if one.grant.user_id == user_id]
        for one in mine:
            one.until = datetime.min.replace(tzinfo=one.until.tzinfo)
        return len(mine)

    def revoke(self, user_id: str) -> int:
        """The person withdrew: everything of theirs ends."""
        mine = self.of(user_id)
        for grant in mine:
            grant.alive = False
        return len(mine)

    def rotate(self, user_id: str) -> int:
        """Every refresh token of a person is another from now on, and nobody was told: what was stored is dead."""
        mine = [one for one in self._refresh.values() if one.grant.user_id == user_id and not one.spent]
        for one in mine:
            one.until = datetime.min.replace(tzinfo=one.until.tzinfo)
        return len(mine)

    def _issue(self, grant: Grant, old: str, now: datetime, *, first: bool) -> Issued:
        grant.turn += 1
        access = self._name("at", grant)
        replaces = old if self.rules.rotation == "grace" else ""
        until = now + timedelta(seconds=self.rules.access_s)
        self._keep(self._access, access, Access(grant=grant, until=until, replaces=replaces))
        refresh = old
        if not old or self.rules.rotation != "static":
            refresh = self._name("rt", grant)
            lives = now + timedelta(seconds=self.rules.refresh_s)
            self._keep(self._refresh, refresh, Refresh(grant=grant, until=lives))
        return Issued(
            access_token=access,
            refresh_token=refresh,
            expires_in=self.rules.access_s,
            grant=grant,
            first=first,
        )

    def _name(self, what: str, grant: Grant) -> str:
        """Unguessable is not needed here; the same run gives the same names."""
        self._made += 1
        text = f"{self._vendor}:{what}:{grant.user_id}:{grant.client_id}:{self._made}"
        return f"{what}_{hashlib.blake2b(text.encode(), digest_size=20).hexdigest()}"

    @staticmethod
    def _keep(table: OrderedDict[str, Any], key: str, value: Any) -> None:
        table[key] = value
        if len(table) > MOST:
            table.popitem(last=False)
