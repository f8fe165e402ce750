"""Decisions about profiles and grants, without any server."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proto.errors import Refused
from proto.words import KINDS
from services.access.domain import (
    DEMO_USERS,
    Grant,
    Person,
    Profile,
    actor_name,
    changed_settings,
    changes,
    check_timezone,
    check_until,
    demo_id,
    demo_id_of,
    first_locale,
    first_timezone,
    may_revoke,
    merged_units,
    ordered_kinds,
    told_of,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATIENT, FRIEND, STRANGER = uuid4(), uuid4(), uuid4()


def person(**more: object) -> Person:
    given = {"issuer": "i", "subject": "s", "sign_in_name": "n", "display_name": "N", "roles": ["patient"]}
    return Person(**{**given, **more})  # type: ignore[arg-type]


def profile(**more: object) -> Profile:
    given = {
        "user_id": PATIENT,
        "issuer": "i",
        "subject": "s",
        "sign_in_name": "n",
        "display_name": "N",
        "roles": ["patient"],
        "patient_id": PATIENT,
        "timezone": "UTC",
        "units": {},
        "locale": "en",
        "version": 1,
    }
    return Profile(**{**given, **more})  # type: ignore[arg-type]


def grant(revoked_at: datetime | None = None) -> Grant:
    return Grant(
        id=uuid4(),
        patient_id=PATIENT,
        patient_name="P",
        patient_roles=["patient"],
        patient_timezone="UTC",
        grantee_id=FRIEND,
        grantee_name="F",
        grantee_roles=["caregiver"],
        data_kinds=["spo2"],
        until=None,
        created_at=NOW,
        revoked_at=revoked_at,
        version=1,
    )


@pytest.mark.parametrize("name", ["Europe/Berlin", "America/New_York", "Asia/Kathmandu", "UTC"])
def test_time_zones_are_those_of_the_database(name: str) -> None:
    assert check_timezone(name) == name
    assert first_timezone(name) == name


@pytest.mark.parametrize(
    "name", ["", "Middle/Earth", "europe/berlin", "../etc/passwd", "localtime", "+02:00"]
)
def test_anything_else_is_no_time_zone(name: str) -> None:
    with pytest.raises(Refused) as refused:
        check_timezone(name)

    assert (refused.value.code, refused.value.faults[0].field) == ("wrong_type", "timezone")
    assert first_timezone(name) == "UTC"


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (None, "en"),
        ("de", "de"),
        ("en-GB", "en-GB"),
        ("en_GB", "en-GB"),
        ("", "en"),
        ("x", "en"),
        ("a b", "en"),
    ],
)
def test_a_new_profile_takes_the_providers_language_when_it_is_one(told: str | None, kept: str) -> None:
    assert first_locale(told) == kept


def test_an_end_is_in_the_future_or_absent() -> None:
    check_until(None, NOW)
    check_until(NOW + timedelta(seconds=1), NOW)
    for until in (NOW, NOW - timedelta(days=1)):
        with pytest.raises(Refused) as refused:
            check_until(until, NOW)
        assert refused.value.code == "out_of_bounds"


@given(st.lists(st.sampled_from(KINDS)))
def test_kinds_are_kept_once_and_in_the_order_of_the_vocabulary(kinds: list[str]) -> None:
    kept = ordered_kinds(kinds)

    assert set(kept) == set(kinds)
    assert kept == sorted(set(kept), key=KINDS.index)


@pytest.mark.parametrize(
    ("reader", "live", "revoked"),
    [
        (PATIENT, "yes", "done"),
        (FRIEND, "forbidden_role", "not_found"),
        (STRANGER, "not_found", "not_found"),
    ],
)
def test_who_gave_may_take_back_and_others_learn_only_what_they_know(
    reader: UUID, live: str, revoked: str
) -> None:
    assert may_revoke(grant(), reader) == live
    assert may_revoke(grant(revoked_at=NOW), reader) == revoked
    assert may_revoke(None, reader) == "not_found"


def test_a_profile_follows_its_provider_but_for_what_the_person_sets() -> None:
    known = profile(timezone="Asia/Tokyo", locale="ja")

    assert changes(known, person(timezone="Europe/Berlin", locale="de")) == []
    assert changes(known, person(display_name="M", roles=["patient", "caregiver"])) == [
        "display_name",
        "roles",
    ]
    assert changes(known, person(issuer="j")) == ["issuer"]


def test_only_the_demo_provider_names_the_fixed_ids() -> None:
    id = demo_id("patient-1")

    assert demo_id_of(person(sign_in_name="patient-1", subject=str(id))) == id
    assert demo_id_of(person(sign_in_name="patient-1", subject="1234")) is None
    assert demo_id_of(person(sign_in_name="patient-2", subject=str(id))) is None


def test_the_demo_ids_are_those_that_everybody_computes() -> None:
    assert [demo.name for demo in DEMO_USERS] == [
        "patient-1",
        "patient-2",
        "caregiver-1",
        "clinician-1",
        "admin-1",
    ]
    assert demo_id("patient-1") == UUID("74010ed3-6a36-512c-a6d5-246677d77fdd")


@pytest.mark.parametrize(
    ("actor_id", "name"),
    [
        (str(PATIENT), "Patient"),
        (str(STRANGER), "Unknown account"),
        ("nobody", "Unknown account"),
        ("hub:kitchen-1234", "Home hub"),
        (f"connection:{uuid4()}", "Paired device"),
        ("system", "Device Connect"),
    ],
)
def test_actors_have_a_name_for_people(actor_id: str, name: str) -> None:
    assert actor_name(actor_id, {str(PATIENT): "Patient"}) == name


def test_units_not_chosen_have_a_default() -> None:
    assert merged_units({}, {}) == {"glucose": "mg/dL", "weight": "kg", "temperature": "C"}
    assert merged_units({"glucose": "mmol/L"}, {"weight": "lb"}) == {
        "glucose": "mmol/L",
        "weight": "lb",
        "temperature": "C",
    }


def test_what_a_row_is_about_is_told_with_names_and_known_words() -> None:
    device = uuid4()
    details = {
        "device_connection_id": str(device),
        "data_kinds": ["weight", "mood", "blood_pressure"],
        "grantee": str(FRIEND),
        "reason": "unconscious",
    }

    about = told_of("consent", str(uuid4()), details, {str(FRIEND): "F"})

    assert (about.device_connection_id, about.data_kinds) == (device, ["blood_pressure", "weight"])
    assert (about.other, about.reason) == ("F", "unconscious")
    assert told_of("device_connection", str(device), {}, {}).device_connection_id == device
    assert told_of("audit_log", "all", {}, {}).device_connection_id is None


def test_only_settings_that_are_another_than_before_have_changed() -> None:
    assert changed_settings(profile(), profile(version=2)) == []
    assert changed_settings(profile(), profile(timezone="Asia/Tokyo", locale="de")) == ["timezone", "locale"]
