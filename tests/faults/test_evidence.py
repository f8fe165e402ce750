"""The books themselves: what they take for an hour that differs from its rows, and what not."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from tests.faults.evidence import GLUCOSE, hours_wrong

pytestmark = pytest.mark.integration

HOUR = datetime(2026, 5, 1, 8, tzinfo=UTC)


async def test_low_and_high_are_counted_and_their_numbers_are_none(postgres_url: str) -> None:
    device = uuid4()
    conn = await asyncpg.connect(postgres_url)
    try:
        for minute, readings in enumerate(
            (
                {"glucose_mg_dL": 88},
                {"glucose_mg_dL": 39, "glucose_out_of_range": "low"},
                {"glucose_out_of_range": "high"},
            )
        ):
            await conn.execute(
                "INSERT INTO normalizer.device_data (id, device_connection_id, ts, received_at, record_key, content,"
                " suspect, readings, meta) VALUES ($1, $2, $3, now(), $1, $1, false, $4::jsonb, '{}')",
                uuid4(),
                device,
                HOUR + timedelta(minutes=minute),
                msgspec.json.encode(readings).decode(),
            )
        await conn.execute(
            "INSERT INTO normalizer.data_rollups VALUES ($1, $2, $3, 88, 88, 88, 1, 1, 1)",
            device,
            GLUCOSE.id,
            HOUR,
        )
        assert await hours_wrong(conn, {str(device)}) == []

        await conn.execute(
            "UPDATE normalizer.data_rollups SET high = 0 WHERE device_connection_id = $1", device
        )
        anew, kept = await hours_wrong(conn, {str(device)})
        assert anew.startswith("anew glucose_mg_dL 01 May 08:00 n 1, 88.0 to 88.0, sum 88.000, 1 LOW, 1 HIGH")
        assert kept.startswith("kept glucose_mg_dL 01 May 08:00 n 1, 88.0 to 88.0, sum 88.000, 1 LOW, 0 HIGH")
    finally:
        await conn.close()
