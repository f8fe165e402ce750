"""Who may see what."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import msgspec
import pytest

from proto.access import ALL_KINDS, granted_kinds, names_of, visible_kinds
from proto.state import ConnectionState, PermissionState

NOW = datetime(2026, 5, 1, tzinfo=UTC)
PATIENT, CAREGIVER, STRANGER = uuid4(), uuid4(), uuid4()
CONNECTION = ConnectionState(
    id=uuid4(),
    patient_id=PATIENT,
    device_model_id=uuid4(),
    name="Cuff",
    device_type="blood_pressure_cuff",
    pairing_method="hub",
    status="connected",
    consent="active",
    consent_kinds=frozenset({"blood_pressure"}),
    version=1,
)


def grant(until: datetime | None = None, grantee: UUID = CAREGIVER) -> PermissionState:
    return PermissionState(
        id=uuid4(),
        patient_id=PATIENT,
        grantee_id=grantee,
        kinds=frozenset({"blood_pressure"}),
        until=until,
        version=1,
    )


def test_a_patient_sees_everything_of_their_own_whatever_the_consent() -> None:
    for consent in ("active", "missing", "revoked"):
        state = msgspec.structs.replace(CONNECTION, consent=consent)
        assert visible_kinds(PATIENT, state, [], NOW) == ALL_KINDS


@pytest.mark.parametrize("reader", [CAREGIVER, STRANGER])
def test_without_a_grant_there_is_nothing(reader: UUID) -> None:
    assert visible_kinds(reader, CONNECTION, [], NOW) == frozenset()


def test_a_grantee_sees_the_granted_kinds_while_consent_is_active() -> None:
    assert visible_kinds(CAREGIVER, CONNECTION, [grant()], NOW) == {"blood_pressure"}
    revoked = msgspec.structs.replace(CONNECTION, consent="revoked")
    assert visible_kinds(CAREGIVER, revoked, [grant()], NOW) == frozenset()
    assert visible_kinds(STRANGER, CONNECTION, [grant()], NOW) == frozenset()


def test_a_grant_ends_at_its_time() -> None:
    permission = grant(until=NOW)

    assert granted_kinds(CAREGIVER, PATIENT, [permission], NOW - timedelta(seconds=1)) == {"blood_pressure"}
    assert granted_kinds(CAREGIVER, PATIENT, [permission], NOW) == frozenset()


def test_names_follow_kinds() -> None:
    assert names_of(frozenset({"spo2"})) == {"spo2_pct", "pulse_rate_bpm"}
