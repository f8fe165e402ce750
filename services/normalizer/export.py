"""Exports of a device's readings as CSV or JSON, streamed row by row."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC
from typing import Any, Final

import msgspec

from proto.metrics import METRICS
from services.normalizer.answers import shown
from services.normalizer.store.queries import Row

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def columns(names: list[str]) -> list[str]:
    """The dotted metric names of the granted reading names, in the vocabulary's order."""
    allowed = set(names)
    return [m.name for m in METRICS if m.type != "group" and m.name.partition(".")[0] in allowed]


def cell(value: Any) -> str:
    """A CSV cell; text that a spreadsheet would run as a formula is disarmed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "'" + text if text.startswith(_FORMULA) else text


async def as_csv(rows: AsyncIterator[Row], names: list[str]) -> AsyncIterator[bytes]:
    wanted = columns(names)
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["id", "timestamp", "received_at", *wanted])
    async for row in rows:
        item = shown(row, names)
        values = []
        for name in wanted:
            top, _, part = name.partition(".")
            value = item.readings.get(top)
            values.append(cell(value.get(part) if part and isinstance(value, dict) else value))
        writer.writerow(
            [item.id, _time(item.timestamp), _time(item.received_at), *values],
        )
        if buffer.tell() > 32_768:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


async def as_json(rows: AsyncIterator[Row], names: list[str]) -> AsyncIterator[bytes]:
    yield b'{"items":['
    first = True
    async for row in rows:
        yield (b"" if first else b",") + msgspec.json.encode(shown(row, names))
        first = False
    yield b"]}"


def _time(value: Any) -> str:
    return str(value.astimezone(UTC).isoformat().replace("+00:00", "Z"))
