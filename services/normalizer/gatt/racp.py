"""Fetching stored records of a glucose meter, as a pure state machine: events in, records and an outcome out.

Whatever happens (silence, a lost link, a refusal), what arrived is kept. Contexts find their measurement by sequence
number in any order; a malformed record is skipped.
"""

from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from proto.gatt import short_uuid
from services.normalizer.gatt import Decoded, DecodeError, decode
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

    def __init__(self, known: Iterable[tuple[int, str | None]] = ()) -> None:
        self._known = set(known)
        self._latest: dict[int, Record] = {}
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

    def notified(self, characteristic: str, value: bytes) -> None:
        """A 2A18 or 2A34 notification."""
        uuid = short_uuid(characteristic)
        if self.outcome is not None or uuid not in ("2a18", "2a34"):
            return
        try:
            decoded = decode(uuid, value)
        except DecodeError:
            return
        if uuid == "2a18":
            self._measurement(decoded)
        else:
            self._context(decoded)

    def _measurement(self, decoded: Decoded) -> None:
        """Sent twice in one procedure is known the second time. Without a date the number alone says nothing."""
        fields: dict[str, Any] = decoded.fields or {}
        sequence, base_time = fields["sequence"], fields["base_time"]
        if (sequence, base_time) in self._known:
            self.duplicates += 1
            latest = self._latest.get(sequence)
            if latest is not None and latest.base_time != base_time:
                del self._latest[sequence]  # the context that follows is of the known one
            return
        record = Record(
            sequence=sequence,
            device_time=decoded.device_time or None,
            base_time=base_time,
            glucose_mg_dL=(decoded.readings or {}).get("glucose_mg_dL"),
            persist=decoded.persist is True,
            context_missing=fields["context_follows"],
        )
        self.records.append(record)
        self._latest[sequence] = record
        if base_time is not None:
            self._known.add((sequence, base_time))

    def _context(self, decoded: Decoded) -> None:
        """Belongs to the latest measurement with its number; dropped when that one is unknown here."""
        fields: dict[str, Any] = decoded.fields or {}
        record = self._latest.get(fields["sequence"])
        if record is None:
            return
        record.context_missing = False
        if fields["meal"] == KETONE:
            record.kind, record.glucose_mg_dL, record.persist = "ketone", None, False
        else:
            record.meal = fields["meal"]

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
