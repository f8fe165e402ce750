"""What the tables themselves hold to, and the bucket that is filled again from them. Rolled back at the end."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis.clock import uuid7
from proto.resources import Consent
from services.pairing.domain import Standing
from services.pairing.shapes import state_of
from services.pairing.store import connections, consents, hubs, sessions

pytestmark = pytest.mark.integration
NOW = datetime(2026, 5, 1, 8, 30, tzinfo=UTC)


@pytest.fixture
async def conn(database_urls: dict[str, str]) -> AsyncIterator[Any]:
    """As the service's own role, so that a missing grant shows."""
    connection = await asyncpg.connect(database_urls["pairing"])
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


async def insert(conn: Any, patient_id: UUID, model_id: UUID, device_id: str | None = None) -> UUID:
    id = uuid7()
    await connections.insert_connection(
        conn,
        id=id,
        patient_id=patient_id,
        device_model_id=model_id,
        name="Cuff",
        device_type="blood_pressure_cuff",
        pairing_method="simulated",
        hub_id=None,
        now=NOW,
    )
    if device_id:
        await pair(conn, id, device_id)
    return id


async def pair(conn: Any, id: UUID, device_id: str) -> None:
    await connections.update_paired(
        conn,
        id,
        pairing_method="simulated",
        hub_id=None,
        device_id=device_id,
        token_sha256="0" * 64,
        credentials_encrypted=None,
        firmware=None,
    )


async def test_a_device_has_one_owner_whatever_its_case(conn: Any) -> None:
    model = uuid4()
    await insert(conn, uuid4(), model, "AA:BB")
    other = await insert(conn, uuid4(), model)

    with pytest.raises(asyncpg.UniqueViolationError):
        async with conn.transaction():
            await pair(conn, other, "aa:bb")
    await pair(conn, await insert(conn, uuid4(), uuid4()), "aa:bb")  # another model's address space

    assert len(await connections.select_with_device(conn, model, "Aa:Bb")) == 1


async def test_those_in_use_come_before_those_given_up(conn: Any) -> None:
    model, patient = uuid4(), uuid4()
    given_up = await insert(conn, patient, model, "x")
    await connections.update_standing(conn, given_up, Standing("revoked"), NOW)
    in_use = await insert(conn, uuid4(), model, "X")

    found = await connections.select_with_device(conn, model, "x")

    assert found == [in_use, given_up]


async def test_every_change_raises_the_version_and_health_does_not(conn: Any) -> None:
    id = await insert(conn, uuid4(), uuid4(), "d")
    versions = []
    for change in (
        connections.update_name(conn, id, "Kitchen"),
        connections.update_standing(conn, id, Standing("connected"), NOW),
        connections.touch(conn, id),
        connections.update_health(
            conn, id, battery_pct=50, firmware=None, last_reading_at=NOW, last_sync_at=NOW, at=NOW
        ),
    ):
        await change
        row = await connections.select_connection(conn, id)
        assert row is not None
        versions.append(row.version)

    assert versions == [3, 4, 5, 5]


async def test_revoked_has_a_moment_and_revived_has_none(conn: Any) -> None:
    id = await insert(conn, uuid4(), uuid4(), "d")

    await connections.update_standing(conn, id, Standing("revoked"), NOW)
    revoked = await connections.select_connection(conn, id)
    await connections.update_standing(conn, id, Standing("connected"), NOW)
    revived = await connections.select_connection(conn, id)

    assert revoked is not None
    assert revived is not None
    assert (revoked.revoked_at, revived.revoked_at) == (NOW, None)


async def test_one_consent_is_active_and_the_state_follows(conn: Any) -> None:
    patient = uuid4()
    id = await insert(conn, patient, uuid4())

    async def state() -> str:
        row = await connections.select_connection(conn, id)
        assert row is not None
        return state_of(row).consent

    async def give() -> None:
        consent = Consent(
            id=uuid7(),
            device_connection_id=id,
            version="1",
            text_sha256="0" * 64,
            data_kinds=["weight"],
            locale="en",
            given_at=NOW,
            revoked_at=None,
        )
        await consents.insert_consent(conn, consent, patient_id=patient, actor_id=patient)

    states = [await state()]
    await give()
    states.append(await state())
    with pytest.raises(asyncpg.UniqueViolationError):
        async with conn.transaction():
            await give()
    await consents.revoke_active(conn, id, NOW)
    states.append(await state())

    assert states == ["missing", "active", "revoked"]


async def test_one_session_is_live(conn: Any) -> None:
    patient = uuid4()
    id = await insert(conn, patient, uuid4())

    async def start(digest: str) -> UUID:
        session_id = uuid7()
        await sessions.insert_session(
            conn,
            id=session_id,
            device_connection_id=id,
            patient_id=patient,
            method="hub",
            token_sha256=digest * 64,
            state="scanning",
            scan_command_id=uuid7(),
            now=NOW,
            expires_at=NOW,
        )
        return session_id

    first = await start("1")
    with pytest.raises(asyncpg.UniqueViolationError):
        async with conn.transaction():
            await start("2")
    await sessions.update_state(conn, first, "expired")
    second = await start("3")

    latest = await sessions.select_latest(conn, id)
    assert latest is not None
    assert latest.id == second


async def test_older_secrets_end_and_those_past_are_deleted(conn: Any) -> None:
    await hubs.insert_hub(conn, "hub-000000000001", uuid4(), "Hall", NOW)
    for number in range(3):
        await hubs.limit_secrets(conn, "hub-000000000001", NOW.replace(hour=9 + number), NOW)
        await hubs.insert_secret(conn, "hub-000000000001", str(number) * 64, NOW.replace(hour=8 + number))

    secrets = await hubs.select_secrets(conn, "hub-000000000001")

    assert [(secret.sha256[0], secret.until and secret.until.hour) for secret in secrets] == [
        ("2", None),
        ("1", 11),
        ("0", 10),
    ]
    await hubs.limit_secrets(conn, "hub-000000000001", NOW.replace(hour=12), NOW.replace(hour=11))
    assert len(await hubs.select_secrets(conn, "hub-000000000001")) == 1


async def test_the_service_may_not_rewrite_the_history_of_consents(conn: Any) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute("DELETE FROM pairing.consents")
