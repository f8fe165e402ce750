"""Rules of accounts: windows, where a look begins, where a record belongs, what a fault means."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.access import ALL_KINDS
from proto.state import ConnectionState, ModelState
from proto.vendors.manifest import Capabilities, Manifest, OAuth
from proto.vendors.normalized import Fault, Reading
from proto.words import Kind
from services.sync.domain import (
    AUTH_TRIES,
    BACKOFF_MAX_S,
    Target,
    allowed_part,
    backoff_s,
    breaker_s,
    choose_target,
    consequence_of,
    look_since,
    missing_kinds,
    next_look,
    serves,
    window_before,
    windows_left,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
MANIFEST = Manifest(
    name="somebody",
    title="Somebody",
    status="self_serve",
    pairing_method="vendor_oauth",
    kinds=frozenset({"blood_pressure", "weight", "activity"}),
    device_types=frozenset({"scale"}),
    makers=("somebody_else",),
    capabilities=Capabilities(pull=True, max_history_days=90, window_days=30, poll_s=3600, overlap_s=3600),
    oauth=OAuth(
        authorize_url="https://a.example/authorize",
        token_url="https://a.example/token",
        scopes={"metrics": ("blood_pressure", "weight"), "activity": ("activity",), "offline": ()},
    ),
    credentials=("client_id", "client_secret"),
    hosts=("a.example",),
    baa="None: it does not exist.",
    docs_url="https://a.example",
)


def target(kinds: set[Kind], *, number: int = 1, consented: frozenset[Kind] | None = None) -> Target:
    state = ConnectionState(
        id=UUID(int=number),
        patient_id=uuid4(),
        device_model_id=uuid4(),
        name="Device",
        device_type="scale",
        pairing_method="vendor_oauth",
        status="connected",
        consent="active",
        consent_kinds=ALL_KINDS if consented is None else consented,
        version=1,
    )
    return Target(state, frozenset(kinds))


@given(days=st.integers(0, 4000), window=st.integers(1, 90))
def test_windows_cover_an_import_once_and_whole(days: int, window: int) -> None:
    position, since = NOW, NOW - timedelta(days=days)
    seen = 0
    while (found := window_before(since, position, window)) is not None:
        assert found[1] == position
        assert found[0] < position
        position = found[0]
        seen += 1
    assert position == since
    assert seen == windows_left(since, NOW, window)
    assert windows_left(since, position, window) == 0


def test_a_look_goes_back_behind_what_was_seen_and_what_was_announced() -> None:
    hour = timedelta(hours=1)
    assert look_since(MANIFEST, NOW, NOW - hour, None) == NOW - 2 * hour
    assert look_since(MANIFEST, NOW, NOW - hour, NOW - timedelta(days=3)) == NOW - timedelta(days=3) - hour
    assert look_since(MANIFEST, NOW, None, None) == NOW - hour


def test_a_look_does_not_go_back_further_than_the_vendor_has_anything() -> None:
    assert look_since(MANIFEST, NOW, NOW - timedelta(days=700), None) == NOW - timedelta(days=90)


@given(jitter=st.floats(0, 0.999))
def test_looks_are_spread_over_a_fifth_of_the_interval(jitter: float) -> None:
    assert timedelta(seconds=2880) <= next_look(MANIFEST, NOW, jitter) - NOW <= timedelta(seconds=3600)


@given(failures=st.integers(0, 1000), jitter=st.floats(0, 1))
def test_waits_grow_and_stay_bounded(failures: int, jitter: float) -> None:
    assert 1.0 <= backoff_s(failures, jitter) <= BACKOFF_MAX_S
    assert backoff_s(failures, jitter) <= backoff_s(failures + 1, jitter)
    assert breaker_s(failures) <= breaker_s(failures + 1)


@pytest.mark.parametrize(
    ("fault_class", "state"),
    [("grant_lost", "needs_reauth"), ("vendor_retired", "retired")],
)
def test_some_faults_end_the_grant(fault_class: Any, state: str) -> None:
    found = consequence_of(Fault(fault_class=fault_class, code="x"), 0, 0.5)
    assert found.state == state
    assert found.reason is not None


def test_a_fresh_token_that_is_refused_is_tried_again_before_the_person_is_asked() -> None:
    states = [
        consequence_of(Fault(fault_class="auth", code="401"), failures, 0.5) for failures in range(AUTH_TRIES)
    ]
    assert [one.state for one in states] == ["active"] * (AUTH_TRIES - 1) + ["needs_reauth"]
    assert all(one.wait_s is not None and one.wait_s >= 1 for one in states[:-1])
    assert not any(one.blames_vendor for one in states)


@pytest.mark.parametrize(
    "fault_class", ["rate_limited", "retry_later", "vendor_error", "forbidden_scope", "invalid_request"]
)
def test_others_only_wait_and_never_less_than_the_vendor_said(fault_class: Any) -> None:
    found = consequence_of(Fault(fault_class=fault_class, code="x", retry_after=7200.0), 3, 0.0)
    assert found.state == "active"
    assert found.wait_s is not None
    assert found.wait_s >= 7200.0


def test_a_limit_is_waited_for_as_long_as_it_lasts_and_no_longer() -> None:
    def wait(retry_after: float | None) -> float | None:
        return consequence_of(
            Fault(fault_class="rate_limited", code="x", retry_after=retry_after), 0, 0.0
        ).wait_s

    assert (wait(3.0), wait(0.0), wait(None)) == (3.0, 1.0, 60.0)


def test_only_a_failing_vendor_is_left_alone() -> None:
    """A limit that was reached, or a mistake of ours, says nothing about the vendor's health."""
    blamed = {
        name
        for name in ("rate_limited", "retry_later", "vendor_error", "invalid_request")
        if consequence_of(Fault(fault_class=name, code="x"), 0, 0.5).blames_vendor
    }
    assert blamed == {"retry_later", "vendor_error"}


def test_a_record_goes_to_the_device_that_measures_most_of_it() -> None:
    cuff, scale, account = (
        target({"blood_pressure"}, number=1),
        target({"weight", "body_composition"}, number=2),
        target({"blood_pressure", "weight", "activity"}, number=3),
    )
    everything = [account, scale, cuff]
    assert choose_target(["blood_pressure"], everything) is cuff
    assert choose_target(["weight_kg", "body_fat_pct"], everything) is scale
    assert choose_target(["steps"], everything) is account
    assert choose_target(["glucose_mg_dL"], everything) is None
    assert choose_target(["steps"], []) is None


def test_of_two_alike_the_older_one_goes_on() -> None:
    older, newer = target({"weight"}, number=1), target({"weight"}, number=2)
    assert choose_target(["weight_kg"], [newer, older]) is older


def test_what_nobody_agreed_to_is_dropped_and_the_rest_stays() -> None:
    reading = Reading(timestamp=NOW, readings={"weight_kg": 80, "steps": 12}, meta={})
    agreed = target({"weight", "activity"}, consented=frozenset({"weight"}))
    assert allowed_part(reading, agreed) == {"weight_kg": 80}


def test_what_was_not_allowed_at_the_vendor_is_named() -> None:
    consented: frozenset[Kind] = frozenset({"blood_pressure", "activity"})
    assert missing_kinds(MANIFEST, ["metrics", "offline"], consented) == {"activity"}
    assert missing_kinds(MANIFEST, ["metrics", "activity"], consented) == frozenset()
    assert missing_kinds(MANIFEST, [], consented) == frozenset()


def test_a_vendor_serves_its_own_devices_and_those_of_named_makers() -> None:
    def model(vendor: str, *methods: Any) -> ModelState:
        return ModelState(
            id=uuid4(),
            vendor_id=vendor,
            name="Model",
            device_type="scale",
            capabilities=frozenset({"weight"}),
            pairing_methods=list(methods),
            version=1,
        )

    assert serves(MANIFEST, model("somebody", "vendor_oauth"))
    assert serves(MANIFEST, model("somebody_else", "hub", "vendor_oauth"))
    assert not serves(MANIFEST, model("somebody", "hub"))
    assert not serves(MANIFEST, model("stranger", "vendor_oauth"))
