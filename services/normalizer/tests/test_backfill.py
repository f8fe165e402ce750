"""What is copied and merged is the same record as what is inserted: every test of recording, with each batch a backfill."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from chassis.clock import uuid7
from services.normalizer.domain import Candidate, cells_of, roll_up
from services.normalizer.store import readings
from services.normalizer.tests.conftest import Patient, Stage
from services.normalizer.tests.test_recording import *  # noqa: F403 - the tests themselves

pytestmark = pytest.mark.integration
START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def copied(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Also counts, so that a test can say that it was one."""
    calls: list[int] = []
    whole = asyncpg.connection.Connection.copy_records_to_table

    async def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        calls.append(1)
        return await whole(self, *arguments, **options)

    monkeypatch.setattr(asyncpg.connection.Connection, "copy_records_to_table", counted)
    monkeypatch.setattr(readings, "BACKFILL", 1)
    return calls


async def test_it_was_copied(patient: Patient, copied: list[int]) -> None:
    await patient.send(patient.reading({"weight_kg": 78.4}, event_id="b-1"))
    assert await patient.rows() == 1
    assert copied


def _candidates(connection: Any, count: int, given: int) -> list[Candidate]:
    """`given`: every so many-th has an identity that its sender gave."""
    return [
        Candidate(
            origin=SimpleNamespace(connection=connection),  # type: ignore[arg-type]
            id=uuid7(),
            timestamp=START + timedelta(minutes=n),
            received_at=START,
            key=uuid4(),
            given=n % given == 0,
            content=uuid4(),
            revision=n if n % 3 else None,
            readings=b'{"weight_kg": %d}' % (60 + n % 40),
            meta=b'{"note": "\\\\ \\t \xc3\xa9"}',
            suspect=n % 7 == 0,
            values=cells_of({"weight_kg": 60 + n % 40}),
        )
        for n in range(count)
    ]


async def test_both_ways_make_the_same_rows_keys_and_hours(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of it is there already: what is stored comes back from neither, and hours then wait for their caller."""
    found = []
    for backfill in (1, 1_000_000):
        monkeypatch.setattr(readings, "BACKFILL", backfill)
        connection = SimpleNamespace(id=uuid4())
        made = _candidates(connection, 1200, given=2)
        for number, candidate in enumerate(made):  # the same in both rounds
            candidate.key = candidate.content = UUID(int=number + 1)
        async with stage.pool.acquire() as conn:
            for part in (made[:600], made):
                hours = roll_up(
                    (c.origin.connection.id, c.timestamp, c.values) for c in part if not c.suspect
                )
                async with conn.transaction():
                    await readings.ensure_partition(conn, START)
                    new = await readings.insert_readings(conn, part, hours)
                assert len(new) == 600
            rows = await conn.fetch(
                "SELECT ts, record_key, content, revision, suspect, readings::text, meta::text"
                " FROM normalizer.device_data WHERE device_connection_id = $1 ORDER BY ts",
                connection.id,
            )
            keys = await conn.fetch(
                "SELECT record_key, ts, content, revision FROM normalizer.record_keys"
                " WHERE device_connection_id = $1 ORDER BY record_key",
                connection.id,
            )
            sums = await conn.fetch(
                "SELECT metric, t, min, max, sum, n FROM normalizer.data_rollups"
                " WHERE device_connection_id = $1 ORDER BY metric, t",
                connection.id,
            )
        found.append([[tuple(row) for row in table] for table in (rows, keys, sums)])
    assert found[0] == found[1]
    assert [len(table) for table in found[0]] == [1200, 600, 10]
