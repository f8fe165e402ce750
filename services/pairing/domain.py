"""The rules of pairing: the life of a session, of a connection and of a consent, as tables. Pure; takes `now`."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from proto.state import ConsentState
from proto.words import (
    KINDS,
    AccountStatus,
    ConnectionStatus,
    HealthStatus,
    Kind,
    PairingMethod,
    PairingState,
)

MAX_TRIES: Final = 3

SessionEvent = Literal[
    "scan_found",
    "scan_empty",
    "scan_failed",
    "completed",
    "completed_by_hub",
    "hub_paired",
    "hub_refused",
    "hub_silent",
    "tries_spent",
    "time_up",
    "voided",
]

OPEN: Final[frozenset[PairingState]] = frozenset({"waiting", "scanning", "found"})
"""In these the token still works."""

# State by event: what is not named stays as it is. Late, doubled and foreign events therefore change nothing.
_SESSION: Final[dict[SessionEvent, dict[PairingState, PairingState]]] = {
    "scan_found": {"waiting": "found", "scanning": "found", "found": "found"},
    "scan_empty": {"scanning": "waiting"},
    "scan_failed": {"scanning": "waiting"},
    "completed": {"waiting": "done", "scanning": "done", "found": "done"},
    "completed_by_hub": {"waiting": "pairing", "scanning": "pairing", "found": "pairing"},
    "hub_paired": {"pairing": "done"},
    "hub_refused": {"pairing": "failed"},
    "hub_silent": {"pairing": "done"},
    "tries_spent": {"waiting": "failed", "scanning": "failed", "found": "failed"},
    "time_up": {"waiting": "expired", "scanning": "expired", "found": "expired"},
    "voided": {"waiting": "expired", "scanning": "expired", "found": "expired", "pairing": "done"},
}


def next_state(state: PairingState, event: SessionEvent) -> PairingState:
    """Where a pairing session goes. Total: every event may come in every state."""
    return _SESSION[event].get(state, state)


def shown_state(state: PairingState, expires_at: datetime, now: datetime) -> PairingState:
    """The state as people see it: time is up also before the clock's job has written it down."""
    return next_state(state, "time_up") if now >= expires_at else state


def token_fault(
    state: PairingState, expires_at: datetime, completed_at: datetime | None, now: datetime
) -> str | None:
    """Why a pairing token cannot be used, as an error code; None when it can. Only a success uses one up."""
    if completed_at is not None:
        return "pairing_used"
    return None if shown_state(state, expires_at, now) in OPEN else "pairing_expired"


ConnectionEvent = Literal[
    "started",
    "completed",
    "tries_spent",
    "time_up",
    "hub_refused",
    "hub_lost",
    "hub_removed",
    "hub_back",
    "account_lost",
    "account_back",
    "gone_stale",
    "gone_silent",
    "reading",
    "revoked",
]


class Standing(msgspec.Struct, frozen=True):
    """A connection's status, and why, when it is not plain."""

    status: ConnectionStatus
    reason: str | None = None


# `connected` and `disconnected` keep their status through a new pairing until it is complete: nothing is lost by
# trying. Only `completed` leads out of `revoked`: the same person pairs the same device again.
_CONNECTION: Final[dict[ConnectionEvent, dict[ConnectionStatus, Standing]]] = {
    "started": {"failed": Standing("pairing")},
    "completed": {
        "pairing": Standing("connected"),
        "connected": Standing("connected"),
        "disconnected": Standing("connected"),
        "failed": Standing("connected"),
        "revoked": Standing("connected"),
    },
    "tries_spent": {"pairing": Standing("failed", "too_many_tries")},
    "time_up": {"pairing": Standing("failed", "pairing_timeout")},
    "hub_refused": {
        "connected": Standing("failed", "hub_pair_failed"),
        "disconnected": Standing("failed", "hub_pair_failed"),
    },
    "hub_lost": {"connected": Standing("disconnected", "hub_offline")},
    "hub_removed": {
        "connected": Standing("disconnected", "hub_removed"),
        "disconnected": Standing("disconnected", "hub_removed"),
    },
    "hub_back": {},  # the way back for those that it took along: see `_TAKEN`
    "account_lost": {
        "connected": Standing("disconnected", "vendor_account"),
        "disconnected": Standing("disconnected", "vendor_account"),
    },
    "account_back": {},
    "gone_stale": {"connected": Standing("disconnected", "health_stale")},
    "gone_silent": {"connected": Standing("disconnected", "health_failed")},
    "reading": {"disconnected": Standing("connected")},
    "revoked": {
        "pairing": Standing("revoked"),
        "connected": Standing("revoked"),
        "disconnected": Standing("revoked"),
        "failed": Standing("revoked"),
    },
}


_TAKEN: Final[dict[ConnectionEvent, Standing]] = {
    "hub_back": Standing("disconnected", "hub_offline"),
    "account_back": Standing("disconnected", "vendor_account"),
}
"""What comes back connects only those that it took along."""

REASONS: Final = frozenset(
    standing.reason
    for standings in _CONNECTION.values()
    for standing in standings.values()
    if standing.reason is not None
)
"""Every word that can stand in `status_reason`."""


def next_standing(now: Standing, event: ConnectionEvent) -> Standing:
    """Where a connection goes. Total: every event may come in every status; what the table does not name stays."""
    if _TAKEN.get(event) == now:
        return Standing("connected")
    if event == "reading" and now == _TAKEN["account_back"]:
        return now  # it was on its way already; more will only come when the account is back
    return _CONNECTION[event].get(now.status, now)


def may_start(status: ConnectionStatus) -> bool:
    return status != "revoked"


def event_of_account(state: AccountStatus, ended_by: str | None) -> ConnectionEvent:
    """What becomes of the connections of a vendor's account."""
    if state == "active":
        return "account_back"
    return "revoked" if state == "revoked" and ended_by == "patient" else "account_lost"


def is_late_sign_in(known: tuple[AccountStatus, datetime] | None, state: AccountStatus, at: datetime) -> bool:
    """Whether an account's event that comes after newer ones still has a pairing to complete: it is active still."""
    return known is not None and known[0] == state == "active" and at < known[1]


_OF_HEALTH: Final[dict[HealthStatus, ConnectionEvent]] = {"stale": "gone_stale", "failed": "gone_silent"}


def event_of_health(
    status: HealthStatus, last_reading_at: datetime | None, known_reading_at: datetime | None
) -> ConnectionEvent | None:
    """What a change of health means for the connection: bad health, a new reading, or nothing."""
    if status in _OF_HEALTH:
        return _OF_HEALTH[status]
    newer = last_reading_at is not None and (known_reading_at is None or last_reading_at > known_reading_at)
    return "reading" if newer else None


def is_offered(method: PairingMethod, offered: Iterable[PairingMethod], *, development: bool) -> bool:
    """Whether a model can be paired that way. `simulated` is every model's, and only in development."""
    return development if method == "simulated" else method in offered


def consent_fault(
    version: str, kinds: Iterable[Kind], current_version: str, capabilities: frozenset[Kind]
) -> str | None:
    """Why a consent cannot be taken, as an error code: not to the current text, to nothing, or beyond the model."""
    wanted = frozenset(kinds)
    if version != current_version or not wanted:
        return "consent_required"
    return None if wanted <= capabilities else "kind_not_supported"


def ordered_kinds(kinds: Iterable[Kind]) -> list[Kind]:
    """Each kind once, in the order of the vocabulary."""
    wanted = frozenset(kinds)
    return [kind for kind in KINDS if kind in wanted]


def consent_state(has_active: bool, has_any: bool) -> ConsentState:
    if has_active:
        return "active"
    return "revoked" if has_any else "missing"


Candidate = Literal["free", "taken", "known"]


def judge_device(is_own: bool, is_revoked: bool) -> Candidate:
    """What an earlier connection of a physical device means for pairing it: given up by others, theirs, or one's own."""
    if is_own:
        return "known"
    return "free" if is_revoked else "taken"


def is_hub_in_time(answered_at: datetime, completed_at: datetime | None, within_s: int) -> bool:
    """A hub's refusal counts only shortly after completion; later it is about something else."""
    return completed_at is not None and answered_at - completed_at <= timedelta(seconds=within_s)
