"""Fetching stored records of a glucose meter, as a pure state machine: events in, records and an outcome out.

Whatever happens (silence, a lost link, a refusal), what arrived is kept. Contexts find their measurement by sequence
number in any order; a malformed record is skipped.
"""

from typing import Any, Final, Literal

import msgspec

from services.normalizer.gatt import DecodeError, decode
from services.normalizer.gatt.encode import racp

Outcome = Literal["complete", "no_records", "error", "aborted", "timeout", "disconnected"]
SILENCE_S: Final = 30.0
KETONE: Final = "reserved_6"
"""How CareSens and i-SENS meters mark a ketone test: never glucose."""


class Record(msgspec.Struct, kw_only=True):
    sequence: int
    device_time: str | None
    base_time: str | None
    glucose_mg_dL: float | None
    meal: str | None = None
    kind: Literal["glucose", "ketone"] = "glucose"
    persist: bool
    context_missing: bool


class Transfer:
    """One procedure. `known`: (sequence, base time) of what is stored already."""

    def __init__(self, known: set[tuple[int, str | None]] | None = None) -> None:
        self._known = known or set()
        self._aborting = False
        self.records: list[Record] = []
        self.duplicates = 0
        self.count: int | None = None
        self.outcome: Outcome | None = None
        self.error: str | None = None

    def wrote(self, value: bytes, att_error: int | None = None) -> None:
        """A request was written; a refused write ends the procedure."""
        if self.outcome is not None:
            return
        if att_error is not None:
            self._fail(f"att_0x{att_error:02x}")
        elif value[:1] == b"\x03":
            self._aborting = True

    def notified(self, characteristic: str, value: bytes) -> None:
        """A 2A18 or 2A34 notification."""
        if self.outcome is not None:
            return
        try:
            decoded = decode(characteristic, value)
        except DecodeError:
            return
        fields: dict[str, Any] = decoded.fields or {}
        if characteristic == "2a18":
            self._measurement(fields, decoded)
        elif characteristic == "2a34":
            self._context(fields)

    def _measurement(self, fields: dict[str, Any], decoded: Any) -> None:
        if (fields["sequence"], fields["base_time"]) in self._known:
            self.duplicates += 1
            return
        self.records.append(
            Record(
                sequence=fields["sequence"],
                device_time=decoded.device_time,
                base_time=fields["base_time"],
                glucose_mg_dL=decoded.readings.get("glucose_mg_dL"),
                persist=decoded.persist,
                context_missing=fields["context_follows"],
            )
        )

    def _context(self, fields: dict[str, Any]) -> None:
        for record in reversed(self.records):
            if record.sequence != fields["sequence"]:
                continue
            record.context_missing = False
            if fields["meal"] == KETONE:
                record.kind, record.glucose_mg_dL, record.persist = "ketone", None, False
            else:
                record.meal = fields["meal"]
            return

    def indicated(self, value: bytes) -> None:
        """A 2A52 indication: a count, or the end."""
        if self.outcome is not None:
            return
        try:
            fields: dict[str, Any] = decode("2a52", value).fields or {}
        except DecodeError as error:
            self._fail(error.code)
            return
        if fields["op"] != "response":
            self.count = fields["count"]
            return
        result = fields["result"]
        if result == "success":
            self.outcome = "aborted" if fields["request_op"] == 3 else "complete"
        elif result == "no_records_found":
            self.outcome = "no_records"
        else:
            self._fail(result)

    def silent(self, seconds: float) -> None:
        if self.outcome is None and seconds >= SILENCE_S:
            self.outcome = "timeout"

    def disconnected(self) -> None:
        if self.outcome is None:
            self.outcome = "disconnected"

    def _fail(self, error: str) -> None:
        self.outcome, self.error = "error", error


def first_request(last_sequence: int | None) -> bytes:
    """What to ask for: everything the first time, later what comes after the highest sequence seen."""
    if last_sequence is None:
        return racp("report", "all")
    return racp("report", "gte", filter="sequence", value=(last_sequence + 1) & 0xFFFF)


def next_request(transfer: Transfer, last_sequence: int | None) -> bytes | None:
    """After a refusal of the filter: everything. None: nothing more to ask."""
    if last_sequence is not None and transfer.error in ("operator_not_supported", "operand_not_supported"):
        return racp("report", "all")
    return None
