"""AliveCor's recordings → readings. The note is a patient's free text and stays where it is; so do the samples, which
are stored as a waveform and not as a reading."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import msgspec

from proto.vendors.building import Builder, record_hash
from proto.vendors.instants import Instant, local_text
from proto.vendors.normalized import Context, Normalized
from proto.vendors.shapes import Column, fields_of, oauth_fault, rows, text, value_of

CLASSES: Final = {
    "normal": "sinus_rhythm",
    "afib": "atrial_fibrillation",
    "unclassified": "inconclusive",
    "bradycardia": "bradycardia",
    "tachycardia": "tachycardia",
    "too_short": "unreadable",
    "too_long": "unreadable",
    "unreadable": "unreadable",
    "no_analysis": "no_analysis",
}
FLAGS: Final = {
    "afibDetected": "atrial_fibrillation",
    "normalDetected": "sinus_rhythm",
    "noiseDetected": "unreadable",
}
"""What recordings of the older version have instead; the first that is true counts, none is inconclusive."""
COLUMNS: Final = (
    Column("heartRate", "avg_hr_bpm", zero=False),  # 0: could not be computed
    Column("duration", "duration_s", Decimal("0.001"), zero=False),
)
FREQUENCY: Final = Column("frequency", "sampling_hz", zero=False)
MARKS: Final = frozenset({"algorithmDetermination", "recordedAt", *FLAGS})
EVENTS: Final = frozenset({"newrecording", "participantconnected", "patientconnected"})
LOST: Final = frozenset({"participantdisconnected", "patientdisconnected"})
"""`participant…` is documented, `patient…` may be its newer spelling (unverified)."""


def read(body: bytes) -> Any:
    """JSON; setting the address of the webhook posts an empty body to it."""
    return msgspec.json.decode(body) if body.strip() else None


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Lists of recordings, single ones, and callbacks, which only say that there is something to fetch."""
    out = Builder("alivecor", context)
    for payload in payloads:
        if (fault := oauth_fault(payload)) is not None:
            out.fault(*fault)
        elif isinstance(payload, dict) and "eventType" in payload:
            _event(out, payload)
        for recording in _recordings(payload):
            _recording(out, recording, context)
    return out.done()


def _event(out: Builder, payload: dict[str, Any]) -> None:
    event = text(payload["eventType"])
    if event.lower() in LOST:
        out.fault("grant_lost", event)
    elif event.lower() not in EVENTS:
        out.unknown(f"eventType:{event}")


def _recordings(payload: Any) -> Iterator[dict[str, Any]]:
    """The list is `data` or `recordings`; `data` of a single recording is its samples."""
    if isinstance(payload, list):
        yield from rows(payload)
    elif isinstance(payload, dict) and MARKS.intersection(payload):
        yield payload
    elif isinstance(payload, dict):
        yield from rows(payload.get("data")) + rows(payload.get("recordings"))


def _recording(out: Builder, item: dict[str, Any], context: Context) -> None:
    verdict = text(item.get("algorithmDetermination"))
    classification = _classification(item, verdict)
    ecg = {"classification": classification, **fields_of(item, COLUMNS), "sampling_hz": _frequency(item)}
    said = item.get("deviceInfo")
    device = said if isinstance(said, dict) else {}
    serial = text(device.get("serialNumber"))
    at = local_text(item.get("recordedAt"), context.timezone)
    out.add(
        _id(item, at),
        at,
        {"ecg": ecg, "irregular_heartbeat": True if classification == "atrial_fibrillation" else None}
        if MARKS.intersection(item)
        else {},
        manual=False,
        unmapped=[verdict] if classification == "other" else (),
        local_time=item.get("recordedAt"),
        device_model=device.get("hardwareType"),
        firmware=device.get("firmwareRevision"),
        device_serial_hash=record_hash("alivecor", "serial", serial) if serial else None,
    )


def _classification(item: dict[str, Any], verdict: str) -> str | None:
    if verdict:
        return CLASSES.get(verdict.lower(), "other")
    if not any(isinstance(item.get(flag), bool) for flag in FLAGS):
        return None
    return next((name for flag, name in FLAGS.items() if item.get(flag) is True), "inconclusive")


def _frequency(item: dict[str, Any]) -> int | float | None:
    data = item.get("data")
    blocks = [data.get("raw"), data.get("enhanced")] if isinstance(data, dict) else []
    found = (value_of(block.get("frequency"), FREQUENCY) for block in blocks if isinstance(block, dict))
    return next((value for value in found if value is not None), None)


def _id(item: dict[str, Any], at: Instant | None) -> str:
    said = text(item.get("id"))
    return f"alivecor:{said}" if said else record_hash("alivecor", "ecg", None if at is None else at.at)
