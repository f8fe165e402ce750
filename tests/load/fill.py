"""Fills the record to a size, as the normalizer would have stored it: row, identity and hours, in order of time.

The one who is asked about (`PROBE`) has the same 90 days at every size; everything else is other people's. What a
question costs can then only grow with the table around its answer.
"""

from typing import Final
from uuid import UUID

import asyncpg

from tests.load.world import World

PROBE_DAYS: Final = 90
PROBE_ROWS: Final = PROBE_DAYS * 48
"""Every half hour."""
ROWS_EACH: Final = 5000
"""Of everybody else: every five minutes for 17 days, somewhere in the last year."""

_MONTHS: Final = """
SELECT normalizer.ensure_partition(month)
FROM generate_series(now() - interval '13 months', now() + interval '1 month', interval '20 days') AS month
"""
_PLAN: Final = """
CREATE TEMPORARY TABLE filling AS
SELECT connection, ts, n, gen_random_uuid() AS id, gen_random_uuid() AS key FROM (
    SELECT $1::uuid AS connection, now() - n * interval '30 minutes' - interval '1 minute' AS ts, n
    FROM generate_series(0, $2 - 1) AS n
    UNION ALL
    SELECT md5('bench-' || ($3 + n / $5))::uuid,
        now() - (18 + ($3 + n / $5) * 37 % 340) * interval '1 day' + (n % $5) * interval '5 minutes', n
    FROM generate_series(0, $4 - 1) AS n
) AS made ORDER BY ts
"""
_ROWS: Final = """
INSERT INTO normalizer.device_data
    (id, device_connection_id, ts, received_at, record_key, content, readings, meta)
SELECT id, connection, ts, ts, key, id, jsonb_build_object('blood_pressure', jsonb_build_object(
    'systolic', 110 + n % 40, 'diastolic', 70, 'hr', 60 + n % 30)), '{"battery_pct": 76, "rssi": -60}'
FROM filling
"""
_KEYS: Final = """
INSERT INTO normalizer.record_keys (device_connection_id, record_key, id, ts, content)
SELECT connection, key, id, ts, id FROM filling
"""
_HOURS: Final = """
INSERT INTO normalizer.data_rollups (device_connection_id, metric, t, min, max, sum, n)
SELECT connection, metric, date_trunc('hour', ts, 'UTC') AS t, min(value), max(value), sum(value), count(*)
FROM filling CROSS JOIN LATERAL (VALUES (2, 110 + n % 40), (3, 70), (5, 60 + n % 30)) AS v(metric, value)
GROUP BY t, connection, metric ORDER BY t
"""


async def fill(world: World, rows: int) -> int:
    """Fills up to that many rows in all; answers how many there are. What the probe had is put in anew, among the rest."""
    probe = UUID(world.probe.connection_id)
    conn = await asyncpg.connect(world.system.endpoints["postgres"], command_timeout=1800)
    try:
        for table in ("device_data", "record_keys", "data_rollups"):
            await conn.execute(f"DELETE FROM normalizer.{table} WHERE device_connection_id = $1", probe)
        there = int(await conn.fetchval("SELECT count(*) FROM normalizer.device_data"))
        await conn.execute(_MONTHS)
        await conn.execute(
            _PLAN, probe, PROBE_ROWS, world.filled, max(0, rows - there - PROBE_ROWS), ROWS_EACH
        )
        world.filled += max(0, rows - there - PROBE_ROWS) // ROWS_EACH + 1
        for statement in (_ROWS, _KEYS, _HOURS):
            await conn.execute(statement)
        await conn.execute("DROP TABLE filling")
        for table in ("device_data", "record_keys", "data_rollups"):
            await conn.execute(f"VACUUM (ANALYZE) normalizer.{table}")
        return int(await conn.fetchval("SELECT count(*) FROM normalizer.device_data"))
    finally:
        await conn.close()
