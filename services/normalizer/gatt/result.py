"""What decoding answers. `as_dict` is the shape of `expect` in the conformance vectors and of `device-connect decode`."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class DecodeError(Exception):
    """The octets are not a value of this characteristic. `code` is one of the few words of the contract."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Decoded(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One decoded value. What a characteristic cannot say is UNSET; what it could but did not is None."""

    fields: dict[str, Any] | UnsetType = UNSET
    readings: dict[str, Any] | UnsetType = UNSET
    special: dict[str, str] | UnsetType = UNSET
    device_time: str | UnsetType | None = UNSET
    time_status: str | UnsetType = UNSET
    status: list[str] | UnsetType | None = UNSET
    sensor_status: list[str] | UnsetType | None = UNSET
    intermediate: bool | UnsetType = UNSET
    persist: bool | UnsetType = UNSET
    crc_ok: bool | UnsetType | None = UNSET
    records: "list[Decoded] | UnsetType" = UNSET

    def as_dict(self) -> dict[str, Any]:
        built: dict[str, Any] = msgspec.to_builtins(self)
        return built
