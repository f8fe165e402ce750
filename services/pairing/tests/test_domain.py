"""Any order of events ends in a named state, and each event does what its table says and nothing else."""

from datetime import UTC, datetime, timedelta
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.access import ALL_KINDS
from proto.words import AccountStatus, ConnectionStatus, PairingState
from services.pairing.domain import (
    OPEN,
    ConnectionEvent,
    SessionEvent,
    Standing,
    consent_fault,
    consent_state,
    event_of_account,
    event_of_health,
    is_hub_in_time,
    is_late_sign_in,
    is_offered,
    judge_device,
    may_start,
    next_standing,
    next_state,
    ordered_kinds,
    shown_state,
    token_fault,
)

NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
STATES: tuple[PairingState, ...] = get_args(PairingState)
STATUSES: tuple[ConnectionStatus, ...] = get_args(ConnectionStatus)
SESSION_EVENTS: tuple[SessionEvent, ...] = get_args(SessionEvent)
CONNECTION_EVENTS: tuple[ConnectionEvent, ...] = get_args(ConnectionEvent)
OVER = frozenset({"done", "expired", "failed"})


@pytest.mark.parametrize(("state", "event"), list(product(STATES, SESSION_EVENTS)))
def test_every_event_may_come_in_every_state(state: PairingState, event: SessionEvent) -> None:
    assert next_state(state, event) in STATES


@given(st.lists(st.sampled_from(SESSION_EVENTS)))
def test_any_order_of_events_ends_in_a_named_state_and_what_is_over_stays_over(
    events: list[SessionEvent],
) -> None:
    state: PairingState = "scanning"
    for event in events:
        was = state
        state = next_state(state, event)
        assert state in STATES
        if was in OVER:
            assert state == was
        if was == "pairing":
            assert state not in OPEN


@given(st.lists(st.sampled_from(SESSION_EVENTS)))
def test_a_token_is_used_up_by_success_alone(events: list[SessionEvent]) -> None:
    state: PairingState = "waiting"
    completed: datetime | None = None
    for event in events:
        if event in ("completed", "completed_by_hub") and token_fault(state, LATER, completed, NOW) is None:
            completed = NOW
        state = next_state(state, event)

    fault = token_fault(state, LATER, completed, NOW)

    assert (fault == "pairing_used") == (completed is not None)
    assert (fault is None) == (completed is None and state in OPEN)


def test_a_token_is_good_until_its_last_moment() -> None:
    assert token_fault("waiting", LATER, None, LATER - timedelta(microseconds=1)) is None
    assert token_fault("waiting", LATER, None, LATER) == "pairing_expired"
    assert token_fault("expired", LATER, None, NOW) == "pairing_expired"
    assert token_fault("failed", LATER, NOW, NOW) == "pairing_used"


def test_time_up_shows_before_the_clock_has_written_it_down() -> None:
    assert shown_state("found", LATER, NOW) == "found"
    assert shown_state("found", LATER, LATER) == "expired"
    assert shown_state("done", LATER, LATER) == "done"
    assert shown_state("pairing", LATER, LATER) == "pairing"


@given(st.lists(st.sampled_from(CONNECTION_EVENTS)))
def test_any_order_of_events_leaves_a_connection_in_a_named_status(events: list[ConnectionEvent]) -> None:
    standing = Standing("pairing")
    for event in events:
        was = standing
        standing = next_standing(standing, event)
        assert standing.status in STATUSES
        if was.status == "revoked":
            assert standing.status == ("connected" if event == "completed" else "revoked")
        if standing.status in ("pairing", "connected", "revoked"):
            assert standing.reason is None
        else:
            assert standing.reason


@pytest.mark.parametrize(
    ("before", "event", "after"),
    [
        (Standing("pairing"), "completed", Standing("connected")),
        (Standing("pairing"), "tries_spent", Standing("failed", "too_many_tries")),
        (Standing("pairing"), "time_up", Standing("failed", "pairing_timeout")),
        (Standing("pairing"), "reading", Standing("pairing")),
        (Standing("connected"), "started", Standing("connected")),
        (Standing("connected"), "tries_spent", Standing("connected")),
        (Standing("disconnected", "hub_offline"), "started", Standing("disconnected", "hub_offline")),
        (Standing("failed", "too_many_tries"), "started", Standing("pairing")),
        (Standing("connected"), "hub_refused", Standing("failed", "hub_pair_failed")),
        (Standing("connected"), "hub_lost", Standing("disconnected", "hub_offline")),
        (Standing("disconnected", "hub_offline"), "hub_back", Standing("connected")),
        (Standing("disconnected", "health_stale"), "hub_back", Standing("disconnected", "health_stale")),
        (Standing("disconnected", "health_stale"), "reading", Standing("connected")),
        (Standing("disconnected", "hub_removed"), "hub_back", Standing("disconnected", "hub_removed")),
        (Standing("connected"), "account_lost", Standing("disconnected", "vendor_account")),
        (
            Standing("disconnected", "health_stale"),
            "account_lost",
            Standing("disconnected", "vendor_account"),
        ),
        (Standing("pairing"), "account_lost", Standing("pairing")),
        (Standing("disconnected", "vendor_account"), "reading", Standing("disconnected", "vendor_account")),
        (Standing("disconnected", "vendor_account"), "account_back", Standing("connected")),
        (Standing("disconnected", "vendor_account"), "hub_back", Standing("disconnected", "vendor_account")),
        (Standing("disconnected", "health_stale"), "account_back", Standing("disconnected", "health_stale")),
        (Standing("revoked"), "account_back", Standing("revoked")),
        (Standing("connected"), "gone_stale", Standing("disconnected", "health_stale")),
        (Standing("connected"), "gone_silent", Standing("disconnected", "health_failed")),
        (Standing("disconnected", "health_stale"), "revoked", Standing("revoked")),
        (Standing("revoked"), "reading", Standing("revoked")),
        (Standing("revoked"), "completed", Standing("connected")),
    ],
)
def test_the_life_of_a_connection(before: Standing, event: ConnectionEvent, after: Standing) -> None:
    assert next_standing(before, event) == after


@pytest.mark.parametrize(
    ("state", "ended_by", "event"),
    [
        ("active", None, "account_back"),
        ("needs_reauth", None, "account_lost"),
        ("paused", None, "account_lost"),
        ("retired", None, "account_lost"),
        ("revoked", None, "account_lost"),
        ("revoked", "vendor", "account_lost"),
        ("revoked", "patient", "revoked"),
    ],
)
def test_connections_follow_their_account(
    state: AccountStatus, ended_by: str | None, event: ConnectionEvent
) -> None:
    assert event_of_account(state, ended_by) == event


@pytest.mark.parametrize(
    ("known", "state", "at", "late"),
    [
        (None, "active", NOW, False),
        (("active", LATER), "active", NOW, True),
        (("active", NOW), "active", NOW, False),  # the same once more
        (("active", NOW), "active", LATER, False),
        (("needs_reauth", LATER), "active", NOW, False),
        (("active", LATER), "needs_reauth", NOW, False),
    ],
)
def test_an_overtaken_sign_in_still_counts_while_the_account_is_active(
    known: tuple[AccountStatus, datetime] | None, state: AccountStatus, at: datetime, late: bool
) -> None:
    assert is_late_sign_in(known, state, at) is late


def test_pairing_may_start_from_everywhere_but_revoked() -> None:
    assert [status for status in STATUSES if not may_start(status)] == ["revoked"]


@pytest.mark.parametrize(
    ("status", "newest", "known", "event"),
    [
        ("stale", LATER, NOW, "gone_stale"),
        ("failed", NOW, NOW, "gone_silent"),
        ("ok", LATER, NOW, "reading"),
        ("ok", NOW, None, "reading"),
        ("ok", NOW, NOW, None),
        ("ok", NOW, LATER, None),
        ("unknown", None, None, None),
    ],
)
def test_what_health_means(status: str, newest: datetime | None, known: datetime | None, event: str) -> None:
    assert event_of_health(status, newest, known) == event  # type: ignore[arg-type]


def test_simulated_devices_exist_in_development_only() -> None:
    assert is_offered("simulated", ["hub"], development=True)
    assert not is_offered("simulated", ["hub", "simulated"], development=False)
    assert is_offered("hub", ["hub"], development=False)
    assert not is_offered("manual", ["hub"], development=True)


@pytest.mark.parametrize(
    ("version", "kinds", "fault"),
    [
        ("2", ["weight"], None),
        ("1", ["weight"], "consent_required"),
        ("2", [], "consent_required"),
        ("2", ["weight", "ecg"], "kind_not_supported"),
        ("1", ["ecg"], "consent_required"),
    ],
)
def test_consent_is_to_the_current_text_and_to_what_the_device_measures(
    version: str, kinds: list[str], fault: str | None
) -> None:
    assert consent_fault(version, kinds, "2", frozenset({"weight", "body_composition"})) == fault  # type: ignore[arg-type]


def test_kinds_are_kept_once_and_in_order() -> None:
    assert ordered_kinds(["weight", "blood_pressure", "weight"]) == ["blood_pressure", "weight"]
    assert frozenset(ordered_kinds(ALL_KINDS)) == ALL_KINDS


def test_consent_is_missing_active_or_revoked() -> None:
    assert [consent_state(False, False), consent_state(True, True), consent_state(False, True)] == [
        "missing",
        "active",
        "revoked",
    ]


@pytest.mark.parametrize(
    ("is_own", "is_revoked", "verdict"),
    [
        (False, True, "free"),
        (False, False, "taken"),
        (True, False, "known"),
        (True, True, "known"),
    ],
)
def test_whose_a_device_is(is_own: bool, is_revoked: bool, verdict: str) -> None:
    assert judge_device(is_own, is_revoked) == verdict


def test_a_hub_may_say_no_for_a_minute() -> None:
    assert is_hub_in_time(NOW + timedelta(seconds=60), NOW, 60)
    assert not is_hub_in_time(NOW + timedelta(seconds=61), NOW, 60)
    assert not is_hub_in_time(NOW, None, 60)
