"""The normalizer's transaction as a value: what is in PostgreSQL before and after a message. Pure.

Real code: `services/normalizer/recording.py` (`record`, `_settle_known`), `store/readings.py` (`insert_readings`),
`proto/identity.py` (`judge`).
"""

from typing import NamedTuple


class Reading(NamedTuple):
    """`key`: its record key. A higher `revision` of the same key amends."""

    key: str
    revision: int = 0

    def __str__(self) -> str:
        return f"{self.key}{self.revision or ''}"


Group = tuple[Reading, ...]
"""Readings that travel as one message."""


class Record(NamedTuple):
    """The database. Everything in it is durable: a commit returns after its fsync."""

    rows: Group = ()
    """`device_data`, sorted; without the key table there could be two of one key."""
    counted: int = 0
    """The rollup's `n`."""

    def holds(self, reading: Reading) -> bool:
        """This version, or one that amended it."""
        return any(row.key == reading.key and row.revision >= reading.revision for row in self.rows)

    def has(self, key: str) -> bool:
        return any(row.key == key for row in self.rows)


def record(before: Record, group: Group, *, keyed: bool = True, newest_wins: bool = True) -> Record:
    """One transaction: key, row and count, or nothing of it. The same group again changes nothing."""
    rows = list(before.rows)
    for reading in group:
        old = next((row for row in rows if row.key == reading.key), None) if keyed else None
        if old is None:
            rows.append(reading)
        elif reading.revision > old.revision or (reading != old and not newest_wins):
            rows[rows.index(old)] = reading
    return Record(tuple(sorted(rows)), before.counted + len(rows) - len(before.rows))
