"""Recordings of Eko stethoscopes → readings. The shape is ours until Eko supplies theirs.

The sound is no field here: an address of the vendor's is never stored, and one of our store comes from whoever copied
the file there.
"""

from collections.abc import Sequence
from typing import Any, Final

from proto.metrics import ECG_CLASS
from proto.vendors.building import Builder
from proto.vendors.instants import iso
from proto.vendors.normalized import Context, Normalized
from proto.vendors.partner import (
    device_meta,
    id_text,
    moment,
    named,
    opened,
    part,
    record_id,
    revision_of,
)
from proto.vendors.quantities import scaled

VENDOR: Final = "eko"
IDS: Final = ("recording_id", "id")
GONE: Final = "recording.deleted"
EVENTS: Final = frozenset({"recording.created", "recording.analyzed", GONE})
MURMUR: Final = {
    "present": "murmur",
    "innocent": "innocent_murmur",
    "structural": "structural_murmur",
    "inconclusive": "inconclusive",
}
DETECTED: Final = {"afib": "atrial_fibrillation", "low_ef": "low_ejection_fraction"}
YES: Final = frozenset({"detected", "present"})
NO: Final = frozenset({"none", "not_detected", "not_run", "absent", "good", "fair"})
NOISY: Final = frozenset({"poor", "noisy"})


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Recordings, one or many, and events about them. An event without the recording gives nothing: it is fetched."""
    out = Builder(VENDOR, context)
    for payload in payloads:
        if isinstance(payload, dict) and isinstance(payload.get("event"), str):
            _event(out, payload, context)
            continue
        page = opened(out, payload, ids=IDS)
        for record in page.records:
            _recording(out, record, context)
        for name in page.deleted:
            out.delete(named(VENDOR, name))
    return out.done()


def _event(out: Builder, payload: dict[str, Any], context: Context) -> None:
    recording, kind = part(payload, "data"), payload["event"]
    if kind not in EVENTS:
        out.unknown(kind)
    elif kind != GONE:
        _recording(out, recording, context)
    elif text := next(filter(None, (id_text(recording.get(key)) for key in IDS)), ""):
        out.delete(named(VENDOR, text))


def _recording(out: Builder, record: dict[str, Any], context: Context) -> None:
    findings, unmapped = _findings(part(record, "ai"))
    ecg, odd = _ecg(part(record, "ecg"))
    out.add(
        record_id(VENDOR, record, IDS),
        moment(record, "recorded_at", context.timezone),
        {"stethoscope_findings": findings, "ecg": ecg},
        revision=_revision(record),
        manual=False,
        unmapped=[*unmapped, *odd],
        body_position=record.get("body_position"),
        measurement_site=record.get("auscultation_site"),
        **device_meta(VENDOR, record),
    )


def _revision(record: dict[str, Any]) -> int | None:
    """A recording comes again when it was analysed: the time of the change, or else that there is an analysis."""
    given, changed = revision_of(record), iso(record.get("updated_at"))
    if given is not None:
        return given
    if changed is not None:
        return int(changed.timestamp() * 1000)
    return 1 if part(record, "ai") else 0


def _ecg(given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A result that nobody knows is `other`; a strip without result or rate gives nothing."""
    word = given.get("classification")
    known = word is None or word in ECG_CLASS
    strip = {
        "classification": word if known else "other",
        "avg_hr_bpm": scaled(given.get("avg_hr_bpm")) or None,
    }
    if strip == {"classification": None, "avg_hr_bpm": None}:
        return {}, []
    strip |= {"sampling_hz": scaled(given.get("sampling_hz")), "duration_s": scaled(given.get("duration_s"))}
    return {**strip, "lead": given.get("lead")}, [] if known else [f"ecg:{word}"]


def _findings(ai: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What was found, each once: decision support, no diagnosis. What was not found is not said."""
    found: dict[str, None] = {}
    unmapped: list[str] = []
    for name, said in ai.items():
        word = said if isinstance(said, str) else ""
        finding = _finding(name, word)
        if finding:
            found[finding] = None
        elif word not in NO and said is not None:
            unmapped.append(f"{name}:{said}"[:120])
    return list(found), unmapped


def _finding(name: str, word: str) -> str:
    if name == "murmur":
        return MURMUR.get(word, "")
    if name == "quality":
        return "noisy" if word in NOISY else ""
    if name in DETECTED:
        return DETECTED[name] if word in YES else "inconclusive" if word == "inconclusive" else ""
    return ""
