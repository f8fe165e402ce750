"""Samples of HealthKit → readings: as the companion app sends them, and as `export` reads them of the Health app's file."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Final

import msgspec

from proto.metrics import BY_NAME
from proto.vendors.building import Builder, record_hash
from proto.vendors.companion import Halves, instant_of, key_of, stage_fields, unwrapped
from proto.vendors.instants import rfc3339, zone_of
from proto.vendors.normalized import Context, Normalized
from proto.vendors.partner import id_text, named, part, rows
from proto.vendors.quantities import decimal_of, glucose_fields, percent_of_fraction, rounded, scaled
from proto.vendors.units import exact, settled
from vendors.healthkit.export import batches, is_export
from vendors.healthkit.tables import (
    ECG,
    GLUCOSE,
    HALVES,
    IRREGULAR,
    MEAL,
    PREFIX,
    PRESSURE,
    QUANTITIES,
    SENSOR_SITE,
    SLEEP,
    STAGE,
    STAGE_PREFIX,
    ecg_class,
    healthkit_unit,
    plain_unit,
)

VENDOR: Final = "healthkit"
ENTERED: Final = frozenset({"1", "true", "True"})


def read(data: bytes) -> Any:
    """JSON of the companion app, or a small export (XML or ZIP) as one upload. Large ones: `export.batches`."""
    if not is_export(data):
        return msgspec.json.decode(data)
    return {"records": [record for batch in batches(BytesIO(data)) for record in batch["records"]]}


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    """Uploads in order. A correlation is read, not the halves that also stand beside it; halves without one are
    paired by their parent or by source and start."""
    out = Builder(VENDOR, context)
    uploads = [unwrapped(payload) for payload in payloads]
    samples = [_Sample(record, context) for upload in uploads for record in upload.records]
    whole = {sample.moment for sample in samples if sample.kind == PRESSURE}
    halves = Halves()
    for sample in samples:
        if sample.kind in HALVES:
            pair = halves.pair(key_of(sample.record, sample.source), HALVES[sample.kind], sample.record)
            if pair is not None and sample.moment not in whole:
                _pressure(out, sample, *pair)
        else:
            _sample(out, sample)
    for upload in uploads:
        for name in upload.deleted:
            out.delete(named(VENDOR, name))
    left = [_Sample(record, context) for record in halves.left()]
    out.unknown(*(sample.raw_kind for sample in left if sample.moment not in whole))
    return out.done()


class _Sample:
    """One sample, whoever wrote it down: a kit's keys, the app's, or the export's attributes."""

    def __init__(self, record: dict[str, Any], context: Context) -> None:
        self.record = record
        self.metadata = part(record, "metadata")
        said = (
            record.get(key)
            for key in ("type", "quantityType", "categoryType", "sampleType", "correlationType")
        )
        self.raw_kind: str = next((text for text in said if isinstance(text, str) and text), "")
        self.kind = PREFIX.sub("", self.raw_kind)
        self.value = record.get("value", record.get("quantity"))
        self.source = _source(record)
        told = self.metadata.get("HKTimeZone")
        self.zone = told if isinstance(told, str) and zone_of(told) else ""
        zone, offset = self.zone or context.timezone, record.get("zoneOffset")
        self.start = instant_of(record.get("startDate"), offset, zone)
        self.end = instant_of(record.get("endDate"), offset, zone)
        self.moment = (self.source, None if self.start is None else self.start.at)

    def identity(self, *values: Any) -> str:
        """Its own id; the export has none: then what it is, when, of whom, and what it says. The instants, because
        the offset is that of the phone on the day of the export."""
        for key in ("id", "uuid"):
            if text := id_text(self.record.get(key)):
                return named(VENDOR, text)
        times = [None if at is None else rfc3339(at.at) for at in (self.start, self.end)]
        return record_hash(VENDOR, self.kind, self.source, *times, *values)

    def about(self) -> dict[str, Any]:
        """What its metadata and device say."""
        model, firmware = _device(self.record)
        said: dict[str, Any] = {
            "manual": self._manual(),
            "revision": self._version(),
            "device_model": model,
            "firmware": firmware,
            "meal_context": MEAL.get(str(self.metadata.get("HKBloodGlucoseMealTime"))),
            "measurement_site": SENSOR_SITE.get(str(self.metadata.get("HKBodyTemperatureSensorLocation"))),
        }
        if self.zone:
            said["user_timezone"] = self.zone
        if self.start is not None and self.end is not None and self.end.at > self.start.at:
            said["end"] = self.end.at
        return said

    def _manual(self) -> bool | None:
        """Entered by hand, measured by a device that is named, or nobody says."""
        if str(self.metadata.get("HKWasUserEntered")) in ENTERED:
            return True
        return False if self.record.get("device") else None

    def _version(self) -> int | None:
        number = decimal_of(self.metadata.get("HKMetadataKeySyncVersion"))
        return None if number is None or abs(number) >= 2**63 else int(number)


def _source(record: dict[str, Any]) -> str:
    """The app or device that wrote it."""
    source = part(record, "source") or part(part(record, "sourceRevision"), "source")
    return id_text(record.get("sourceName") or source.get("bundleIdentifier") or source.get("name"))


def _device(record: dict[str, Any]) -> tuple[Any, Any]:
    """(model, firmware) of an object, or of the export's text: `<<HKDevice: …>, name:…, hardware:Watch7,4, …>`."""
    device = record.get("device")
    if isinstance(device, dict):
        model = device.get("hardwareVersion") or device.get("model") or device.get("name")
        return model, device.get("firmwareVersion") or device.get("softwareVersion")
    if not isinstance(device, str):
        return part(record, "source").get("deviceModel"), None
    named_parts = (item.partition(":") for item in device.strip().removesuffix(">").split(", "))
    parts = {name.strip(): text.strip() for name, _, text in named_parts}
    model = parts.get("hardware") or parts.get("model") or parts.get("name")
    return model, parts.get("firmware") or parts.get("software")


def _sample(out: Builder, sample: _Sample) -> None:
    record = sample.record
    if "stage" in record:
        _sleep(out, sample, str(record["stage"]).lower())
    elif sample.kind == PRESSURE:
        inner = [row for key in ("records", "objects", "samples") for row in rows(record.get(key))]
        sides = {HALVES[kind]: row for row in inner if (kind := _kind_of(row)) in HALVES}
        if len(sides) == len(HALVES):
            _pressure(out, sample, sides["systolic"], sides["diastolic"])
    elif sample.kind in QUANTITIES:
        _quantity(out, sample)
    elif sample.kind == SLEEP:
        word = str(sample.value).removeprefix(STAGE_PREFIX)
        _sleep(out, sample, STAGE.get(word, word))
    elif sample.kind == IRREGULAR:
        out.add(sample.identity(), sample.start, {"irregular_heartbeat": True}, **sample.about())
    elif sample.kind in ECG or "voltages" in record or "averageHeartRateBpm" in record:
        _ecg(out, sample)
    else:
        out.unknown(sample.raw_kind or id_text(record.get("workoutActivityType")))


def _kind_of(row: dict[str, Any]) -> str:
    return PREFIX.sub("", id_text(row.get("type") or row.get("quantityType")))


def _quantity(out: Builder, sample: _Sample) -> None:
    metric = QUANTITIES[sample.kind]
    target, written = BY_NAME[metric].unit, sample.record.get("unit")
    unit = healthkit_unit(written, target)
    if unit is None:
        out.unknown(f"{sample.raw_kind}:{written}")
        return
    number = exact(sample.value, unit)
    if metric == GLUCOSE:
        fields = glucose_fields(number)
    elif target == "%":
        fields = {metric: percent_of_fraction(number)}
    else:
        fields = {metric: settled(number, target)}
    name = sample.identity(*fields.values())
    out.add(
        name,
        sample.start,
        fields,
        source_unit=plain_unit(written) if unit.converts else None,
        **sample.about(),
    )


def _pressure(out: Builder, sample: _Sample, upper: dict[str, Any], lower: dict[str, Any]) -> None:
    """Of a correlation, or of two halves that found each other: both give the same identity."""
    sides: dict[str, Any] = {}
    for side, half in (("systolic", upper), ("diastolic", lower)):
        unit = healthkit_unit(half.get("unit"), "mmHg")
        given = half.get("value", half.get("quantity"))
        sides[side] = None if unit is None else settled(exact(given, unit), "mmHg")
    if sample.kind != PRESSURE:
        sample.record = {**upper, "id": upper.get("parentId") or upper.get("id") or upper.get("uuid")}
        sample.kind = PRESSURE
    out.add(sample.identity(*sides.values()), sample.start, {"blood_pressure": sides}, **sample.about())


def _sleep(out: Builder, sample: _Sample, stage: str) -> None:
    """One stage is a sleep of its own: the store knows no nights."""
    start, end = sample.start, sample.end
    if start is None or end is None:
        return
    fields = stage_fields(stage, start.at, end.at)
    if fields is None:
        out.unknown(f"{SLEEP}:{stage}")
        return
    out.add(sample.identity(stage), start, fields, **sample.about())


def _ecg(out: Builder, sample: _Sample) -> None:
    record = sample.record
    word, rate = record.get("classification"), decimal_of(record.get("samplingFrequencyHz"))
    strip = {
        "classification": ecg_class(word),
        "avg_hr_bpm": scaled(record.get("averageHeartRateBpm")) or None,
        "sampling_hz": scaled(rate),
        "duration_s": _duration(sample),
        "lead": _lead(record),
    }
    odd = [f"ecg:{word}"[:40]] if strip["classification"] == "other" else []
    name = sample.identity()
    if strip["classification"] is not None or strip["avg_hr_bpm"] is not None:
        out.add(name, sample.start, {"ecg": strip}, unmapped=odd, **sample.about())


def _duration(sample: _Sample) -> int | float | None:
    """From start to end; the export tells only how many values there are."""
    start, end = sample.start, sample.end
    if start is not None and end is not None and end.at > start.at:
        return scaled((end.at - start.at).total_seconds())
    count, rate = (decimal_of(sample.record.get(key)) for key in ("voltageCount", "samplingFrequencyHz"))
    return rounded(count / rate, 3) if count and rate and rate > 0 else None


def _lead(record: dict[str, Any]) -> str | None:
    first = next(iter(rows(record.get("voltages"))), {})
    word = id_text(record.get("lead") or first.get("lead"))
    return word.removeprefix("appleWatchSimilarTo").removeprefix("Lead").strip() or None
