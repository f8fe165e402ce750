"""What was given up, sealed."""

from collections.abc import Sequence
from uuid import UUID

from chassis.db import Connection


async def insert_dead_letters(
    conn: Connection,
    rows: Sequence[tuple[UUID, str, str, int, UUID | None, UUID | None, str, str | None, bytes]],
) -> None:
    """Rows: id, consumer, stream, sequence, connection, patient, code, field, sealed payload."""
    await conn.executemany(
        "INSERT INTO normalizer.dead_letters (id, consumer, stream, sequence, device_connection_id, patient_id, code,"
        " field, payload_sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        rows,
    )


async def delete_old(conn: Connection) -> None:
    await conn.execute("DELETE FROM normalizer.dead_letters WHERE at < now() - interval '30 days'")
