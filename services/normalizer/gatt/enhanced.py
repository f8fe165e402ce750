"""The record of blood pressure service 1.1 (2B36): a characteristic's value with a sequence number around it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.normalizer.gatt.primitives import crc16
from services.normalizer.gatt.result import Decoded, DecodeError
from services.normalizer.gatt.sensor import segment_header
from services.normalizer.gatt.special import need, u16

INSIDE: Final = frozenset({"2a35", "2a36", "2b34"})
"""What such a record may hold; anything else in it is not understood."""


def record(data: bytes, context: Mapping[str, Any], decode: Callable[[str, bytes], Decoded]) -> Decoded:
    """2B36: segment header, sequence number, characteristic, its value, and a checksum where the feature says so.

    Only whole records are decoded; a lone first or last segment gives its header.
    """
    need(data, 5)
    segment = segment_header(data[0])
    if not (segment["first"] and segment["last"]):
        return Decoded(fields={"segment": segment}, readings={}, persist=False)
    crc_ok = None
    if context.get("e2e_crc") is True:
        need(data, 7)
        if crc16(data[:-2]) != u16(data, len(data) - 2):
            raise DecodeError("bad_crc")
        data, crc_ok = data[:-2], True
    inside = f"{u16(data, 3):04x}"
    if inside not in INSIDE:
        raise DecodeError("unsupported")
    found = decode(inside, data[5:])
    about = {"segment": segment, "sequence": u16(data, 1), "characteristic": inside}
    found.fields = {**(found.fields or {}), **about}
    found.crc_ok = crc_ok
    return found
