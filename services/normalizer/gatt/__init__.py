"""Decodes GATT values by tables. Pure: octets in, fields and readings out, or one of a few errors; never anything else."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final

from proto.gatt import short_uuid
from services.normalizer.gatt import cgm, enhanced, sensor, special
from services.normalizer.gatt.reader import Reader
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.table import Characteristic
from services.normalizer.gatt.tables import BY_UUID

Decoder = Callable[[bytes, Mapping[str, Any]], Decoded]

__all__ = ["BY_UUID", "SPECIAL", "DecodeError", "Decoded", "decode"]


def _record(data: bytes, context: Mapping[str, Any]) -> Decoded:
    return enhanced.record(data, context, decode)


SPECIAL: Final[dict[str, Decoder]] = {
    "2a23": special.system_id,
    **dict.fromkeys(("2a24", "2a25", "2a26", "2a27", "2a28", "2a29", "2a8a", "2a90"), special.text),
    "2a2a": special.hex_text,
    "2bff": special.udi,
    "2a0f": special.local_time_information,
    "2a52": special.racp,
    "2a9f": special.user_control_point,
    "2aa7": cgm.measurement,
    "2aa8": cgm.feature,
    "2aa9": cgm.status,
    "2aaa": cgm.session_start,
    "2aab": cgm.run_time,
    "2aac": cgm.control_point,
    "2b8b": sensor.observation,
    "2b36": _record,
}
"""What is more than a row: checksums, control points, texts, values inside values."""


def _by_table(row: Characteristic) -> Decoder:
    read, finish = Reader(row).read, row.finish

    def run(data: bytes, _: Mapping[str, Any]) -> Decoded:
        decoded: Decoded = finish(read(data))
        return decoded

    return run


_DECODERS: Final[dict[str, Decoder]] = {row.uuid: _by_table(row) for row in BY_UUID.values()} | SPECIAL
_NOTHING: Final[Mapping[str, Any]] = {}
_short_uuid: Final = lru_cache(maxsize=512)(short_uuid)


def decode(characteristic: str, value: bytes, context: Mapping[str, Any] | None = None) -> Decoded:
    """One value of a characteristic (`2a35`, `0x2A35` or its 128-bit form).

    `context` is what else is known: `e2e_crc`, what the Feature characteristic said (without it the length tells), and
    `cgm_status_order: "reversed"` for models with that quirk.
    Raises `DecodeError` with `unsupported truncated bad_crc missing_crc bad_size bad_length out_of_range
    unexpected_opcode invalid_operator`, and nothing else for any octets.
    """
    decoder = _DECODERS.get(_short_uuid(characteristic) or "")
    if decoder is None:
        raise DecodeError("unsupported")
    return decoder(value, context or _NOTHING)
