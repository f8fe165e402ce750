"""Our own contract for partners (README.md) → readings. Fields have the names and bounds of `proto.metrics`."""

from collections.abc import Sequence
from typing import Any, Final

from proto.metrics import BY_NAME, METRICS, Metric
from proto.vendors.building import Builder
from proto.vendors.instants import local_text, rfc3339
from proto.vendors.normalized import Context, Normalized
from proto.vendors.partner import device_meta, manual_of, moment, named, opened, record_id, revision_of
from proto.vendors.quantities import glucose_fields
from proto.vendors.units import exact, settled, unit_of

VENDOR: Final = "generic"
IDS: Final = ("id",)
GLUCOSE: Final = "glucose_mg_dL"
SAID: Final = ("body_position", "measurement_site", "meal_context")
TIMES: Final = frozenset({"start", "end"})
NUMBERS: Final = frozenset({"number", "integer"})
OURS: Final = frozenset(metric.name for metric in METRICS if metric.type == "object_url")
"""References into our own store: nobody outside may name one."""


def normalize(payloads: Sequence[Any], context: Context) -> Normalized:
    out = Builder(VENDOR, context)
    for payload in payloads:
        page = opened(out, payload, ids=IDS, lists=("items", "records"))
        for record in page.records:
            _record(out, record, context)
        for name in page.deleted:
            out.delete(named(VENDOR, name))
    return out.done()


def _record(out: Builder, record: dict[str, Any], context: Context) -> None:
    given = record.get("fields")
    reader = _Fields(context.timezone)
    fields = reader.read(given) if isinstance(given, dict) else {}
    end = moment(record, "end", context.timezone)
    out.add(
        record_id(VENDOR, record, IDS),
        moment(record, "timestamp", context.timezone),
        fields,
        end=None if end is None else end.at,
        revision=revision_of(record),
        manual=manual_of(record),
        unmapped=reader.unmapped,
        source_unit=reader.source_unit,
        ambiguous_user=True if record.get("ambiguous_user") is True else None,
        **{key: record.get(key) for key in SAID},
        **device_meta(VENDOR, record),
    )


class _Fields:
    """The fields of one record, with what was converted and what nobody knows."""

    def __init__(self, zone: str) -> None:
        self._zone = zone
        self.unmapped: list[str] = []
        self.source_unit: str | None = None

    def read(self, given: dict[str, Any]) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for name, value in given.items():
            metric = BY_NAME.get(name)
            if metric is None or "." in name or name in OURS:
                self.unmapped.append(name)
            elif metric.type == "group":
                fields[name] = self._group(name, value)
            else:
                fields[name] = self._value(metric, value)
        if fields.get(GLUCOSE) is not None:
            fields |= {"glucose_out_of_range": None} | glucose_fields(fields[GLUCOSE])
        return fields

    def _group(self, name: str, value: Any) -> dict[str, Any] | None:
        """Its parts; a `unit` beside them is that of all that have one in common (the two pressures)."""
        if not isinstance(value, dict):
            self.unmapped.append(name)
            return None
        shared = value.get("unit")
        parts: dict[str, Any] = {}
        for short, item in value.items():
            metric = BY_NAME.get(f"{name}.{short}")
            if short == "unit":
                continue
            if metric is None or metric.name in OURS:
                self.unmapped.append(f"{name}.{short}")
            elif short in TIMES:
                parts[short] = self._time(item)
            else:
                takes_it = (
                    shared is not None and metric.unit == BY_NAME[name].unit and not isinstance(item, dict)
                )
                parts[short] = self._value(metric, {"value": item, "unit": shared} if takes_it else item)
        return parts

    def _value(self, metric: Metric, given: Any) -> Any:
        """The value itself, or `{"value", "unit"}`."""
        value, written = (given.get("value"), given.get("unit")) if isinstance(given, dict) else (given, None)
        if metric.type not in NUMBERS:
            return value
        unit = unit_of(written, metric.unit)
        if unit is None:
            self.unmapped.append(f"{metric.name}:{written}")
            return None
        if unit.converts:
            self.source_unit = str(written)
        # Glucose is judged against the range of sensors before it is rounded.
        number = exact(value, unit)
        found = number if metric.name == GLUCOSE else settled(number, metric.unit)
        if found is None and value is not None:
            self.unmapped.append(metric.name)
        return found

    def _time(self, value: Any) -> str | None:
        found = local_text(value, self._zone)
        return None if found is None else rfc3339(found.at)
