"""Rules of vendor accounts, pure: windows of an import, when to look again, where a record belongs, what a fault means."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec

from proto.metrics import KIND_OF
from proto.state import ConnectionState, ModelState
from proto.vendors.manifest import Manifest
from proto.vendors.normalized import Fault, FaultClass, Reading
from proto.words import AccountStatus, Kind, UploadKind

BACKOFF_BASE_S: Final = 5.0
BACKOFF_MAX_S: Final = 3600.0
REPAIR_S: Final = 6 * 3600
"""How often the subscriptions of an account are compared with what they should be."""
BREAKER_AFTER: Final = 5
BREAKER_BASE_S: Final = 30.0
BREAKER_MAX_S: Final = 600.0
AUTH_TRIES: Final = 4
"""So many looks in a row may be refused with a token that was made for them before the person is asked to sign in again.
A grant that has really ended is told when its token is refreshed, and that counts at once."""
GOODBYE: Final = timedelta(days=1)
"""So long a vendor is told again that a person left; then the tokens are destroyed whatever it says."""
EARLY: Final = timedelta(seconds=60)
"""A token with less than this left is refreshed before a look begins."""


def windows_left(since: datetime, position: datetime, days: int) -> int:
    """How many windows of an import are still to be asked for."""
    span = (position - since).total_seconds()
    return max(0, -(-int(span) // (days * 86_400)))


def window_before(since: datetime, position: datetime, days: int) -> tuple[datetime, datetime] | None:
    """The next window of an import, newest first: what a person looks for is of last week. None when there is none."""
    if position <= since:
        return None
    return max(since, position - timedelta(days=days)), position


def look_since(
    manifest: Manifest, now: datetime, looked_until: datetime | None, hint: datetime | None
) -> datetime:
    """How far back an incremental look goes: behind what was seen, and behind what was announced."""
    overlap = timedelta(seconds=manifest.capabilities.overlap_s)
    starts = [at for at in (looked_until, hint) if at is not None]
    since = min(starts) if starts else now
    oldest = now - timedelta(days=max(1, manifest.capabilities.max_history_days))
    return max(oldest, since - overlap)


def next_look(manifest: Manifest, now: datetime, jitter: float) -> datetime:
    """Accounts are spread over the interval: `jitter` in [0, 1) takes up to a fifth off."""
    return now + timedelta(seconds=manifest.capabilities.poll_s * (1 - 0.2 * jitter))


def backoff_s(failures: int, jitter: float) -> float:
    """Full jitter over a doubling bound, so that many accounts that failed together do not come back together."""
    bound = min(BACKOFF_MAX_S, BACKOFF_BASE_S * 2.0 ** min(failures, 12))
    return max(1.0, float(bound * jitter))


def breaker_s(opened: int) -> float:
    """How long a vendor that keeps failing is left alone, the nth time."""
    return float(min(BREAKER_MAX_S, BREAKER_BASE_S * 2.0 ** min(opened, 10)))


class Consequence(msgspec.Struct, frozen=True):
    """What a fault means for an account: its state from now on, and the least wait before the next look."""

    state: AccountStatus
    wait_s: float | None
    reason: str | None = None
    blames_vendor: bool = False
    """Counts towards leaving the vendor alone."""


_CONSEQUENCES: Final[dict[FaultClass, Consequence]] = {
    "auth": Consequence("needs_reauth", None, "auth"),  # once it was tried again
    "grant_lost": Consequence("needs_reauth", None, "grant_lost"),
    "forbidden_scope": Consequence("active", 3600.0, "forbidden_scope"),
    "rate_limited": Consequence("active", 60.0),
    "invalid_request": Consequence("active", 3600.0, "invalid_request"),
    "retry_later": Consequence("active", 30.0, blames_vendor=True),
    "vendor_error": Consequence("active", None, blames_vendor=True),
    "vendor_retired": Consequence("retired", None, "vendor_retired"),
}


def consequence_of(fault: Fault, failures: int, jitter: float) -> Consequence:
    """By the class; a vendor's own Retry-After is never undercut, and failures in a row wait longer.

    Whoever counts requests knows when there is room again: nobody waits longer than that by habit.
    """
    known = _CONSEQUENCES[fault.fault_class]
    if fault.fault_class == "auth" and failures + 1 < AUTH_TRIES:
        return Consequence("active", backoff_s(failures, jitter), "auth")
    if known.state != "active":
        return known
    wait = max(known.wait_s or 0.0, fault.retry_after or 0.0)
    if fault.fault_class == "rate_limited" and fault.retry_after is not None:
        wait = max(1.0, fault.retry_after)
    if fault.fault_class in ("vendor_error", "retry_later") and fault.retry_after is None:
        wait = max(wait if fault.fault_class == "vendor_error" else 0.0, backoff_s(failures, jitter))
    return msgspec.structs.replace(known, wait_s=wait)


NOTHING_LEFT: Final = frozenset({"grant_lost", "vendor_retired"})
"""Reasons for which an account was stopped that leave nothing to take back."""
PASSES: Final[frozenset[FaultClass]] = frozenset({"auth", "rate_limited", "retry_later", "vendor_error"})


def must_be_told(manifest: Manifest, stopped_for: str | None) -> bool:
    """Whether the vendor still holds anything of an account that a goodbye takes back."""
    holds = manifest.capabilities.revoke or manifest.capabilities.subscribe == "account"
    return holds and stopped_for not in NOTHING_LEFT


def goodbye_again_s(fault: Fault, failures: int, since: timedelta, jitter: float) -> float | None:
    """Seconds until a vendor that did not take a goodbye is told again; None when that would change nothing."""
    consequence = consequence_of(fault, failures, jitter)
    if fault.fault_class not in PASSES or consequence.state != "active" or since > GOODBYE:
        return None
    return consequence.wait_s


class Target(msgspec.Struct, frozen=True):
    """A connection that records of an account may belong to, and what its model measures."""

    state: ConnectionState
    capabilities: frozenset[Kind]


def kinds_of(names: Iterable[str]) -> frozenset[Kind]:
    return frozenset(KIND_OF[name] for name in names)


def choose_target(names: Iterable[str], targets: Iterable[Target]) -> Target | None:
    """The connection whose model measures most of a record's kinds; of several the most special, then the oldest."""
    kinds = kinds_of(names)
    able = [target for target in targets if kinds & target.capabilities]
    return min(
        able,
        key=lambda t: (-len(kinds & t.capabilities), len(t.capabilities), t.state.id.int),
        default=None,
    )


def allowed_part(reading: Reading, target: Target) -> dict[str, Any]:
    """The fields that the model measures and the person agreed to; the others are dropped, not refused."""
    allowed = target.capabilities & target.state.consent_kinds
    return {name: value for name, value in reading.readings.items() if KIND_OF[name] in allowed}


def serves(manifest: Manifest, model: ModelState) -> bool:
    """Whether devices of this model come through this vendor's accounts."""
    return manifest.pairing_method in model.pairing_methods and model.vendor_id in {
        manifest.name,
        *manifest.makers,
    }


def is_open(state: ConnectionState) -> bool:
    """May receive: consent is given and it was not ended."""
    return state.status != "revoked" and state.consent == "active"


def missing_kinds(manifest: Manifest, scopes: Iterable[str], consented: frozenset[Kind]) -> frozenset[Kind]:
    """Consented, and not supplied: the person did not allow it at the vendor. Without scopes nothing is known."""
    granted = frozenset(scopes)
    if manifest.oauth is None or not granted or not manifest.oauth.scopes:
        return frozenset()
    opened = frozenset(kind for scope in granted for kind in manifest.oauth.scopes.get(scope, ()))
    needs_scope = frozenset(kind for kinds in manifest.oauth.scopes.values() for kind in kinds)
    return (consented & needs_scope) - opened


IMPORTS: Final[dict[UploadKind, str]] = {"apple_export": "healthkit"}
"""Files that are read into readings, and whose vendor's they are."""

PushedBy = Literal["webhook", "socket", "mqtt"]


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
