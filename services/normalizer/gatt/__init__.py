"""Decodes GATT values by tables. Pure: octets in, fields and readings out, or one of a few errors; never anything else."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from proto.gatt import short_uuid
from services.normalizer.gatt import cgm, enhanced, sensor, special
from services.normalizer.gatt.reader import read
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.tables import BY_UUID

Decoder = Callable[[bytes, Mapping[str, Any]], Decoded]

SPECIAL: Final[dict[str, Decoder]] = {
    "2a37": special.heart_rate,
    "2a53": special.running,
    "2a19": special.battery,
    "2bed": special.battery_status,
    "2a23": special.system_id,
    **dict.fromkeys(("2a24", "2a25", "2a26", "2a27", "2a28", "2a29", "2a8a", "2a90"), special.text),
    "2a2a": special.hex_text,
    "2bff": special.udi,
    "2a08": special.plain_time,
    "2a2b": special.current_time,
    "2a0f": special.local_time_information,
    "2a9e": special.weight_feature,
    "2a9b": special.body_feature,
    "2a60": special.plx_features,
    "2a52": special.racp,
    "2a9f": special.user_control_point,
    "2aa7": cgm.measurement,
    "2aa8": cgm.feature,
    "2aa9": cgm.status,
    "2aaa": cgm.session_start,
    "2aab": cgm.run_time,
    "2aac": cgm.control_point,
    "2b8b": sensor.observation,
    "2b34": enhanced.measurement,
    "2b36": enhanced.record,
}
_NOTHING: Final[Mapping[str, Any]] = {}

__all__ = ["BY_UUID", "SPECIAL", "DecodeError", "Decoded", "decode"]


def decode(characteristic: str, value: bytes, context: Mapping[str, Any] | None = None) -> Decoded:
    """One value of a characteristic (`2a35`, `0x2A35` or its 128-bit form).

    `context` is what else is known: for CGM `{"e2e_crc": bool}`, what the Feature characteristic said.
    Raises `DecodeError` with `unsupported truncated bad_crc missing_crc bad_size bad_length out_of_range
    unexpected_opcode invalid_operator`, and nothing else for any octets.
    """
    uuid = short_uuid(characteristic)
    if uuid is None:
        raise DecodeError("unsupported")
    row = BY_UUID.get(uuid)
    if row is not None:
        decoded: Decoded = row.finish(read(row, value))
        return decoded
    special_decoder = SPECIAL.get(uuid)
    if special_decoder is None:
        raise DecodeError("unsupported")
    return special_decoder(value, context or _NOTHING)
