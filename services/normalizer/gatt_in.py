"""From a raw GATT value to what is stored: decode, units and rounding, consent, time, identity. Pure.

Names that the model does not measure or that are not consented are dropped; the value is refused only when nothing is
left. A value that is not meant for storage (battery, intermediate, control solution) is finished all the same.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import UNSET

from proto.access import names_of
from proto.errors import FieldFault, fault_of
from proto.events import ObservationsLive
from proto.gatt import characteristic_kinds, short_uuid
from proto.raw import RawGatt
from proto.readings import GattMessage, Readings, check_relations
from proto.state import ConnectionState
from services.normalizer.batch import Batch, SequenceNote, World, consent_refusal
from services.normalizer.domain import Candidate, Discarded, Origin, Rejected, cells_of
from services.normalizer.gatt import Decoded, DecodeError, decode
from services.normalizer.gatt.identity import Identity, identity, record_identity
from services.normalizer.gatt.racp import KETONE
from services.normalizer.gatt.times import Resolved, resolve, resolve_record

_decode_message: Final = msgspec.json.Decoder(GattMessage).decode
_encode: Final = msgspec.json.Encoder().encode

# Decimals of what the platform computes itself; what a device says in the vocabulary's unit stays as it was said.
DECIMALS: Final = {
    "glucose_mg_dL": 0,
    "bmi": 1,
    "body_fat_pct": 1,
    "rr_intervals_ms": 1,
    "glucose_trend_rate_mg_dL_min": 2,
}
DEFAULT_DECIMALS: Final = 3
PRESSURE_DECIMALS: Final = 1
OPTIONAL: Final = frozenset({"readings.blood_pressure.map", "readings.blood_pressure.hr", "readings.bmi", "readings.height_m",
                             "readings.rr_intervals_ms", "readings.glucose_trend_rate_mg_dL_min"})  # fmt: skip
"""Cheap devices fill these with 0: out of bounds, they are left out and do not spoil the measurement."""
SITE_FIELDS: Final = ("type", "location")


def add_gatt(batch: Batch, item: RawGatt, world: World, new_id: Callable[[], UUID]) -> None:
    """Adds what one value amounts to; a CGM notification may hold several records."""
    message = _decode_message(bytes(item.message))
    event_id = None if message.event_id is UNSET else message.event_id
    connection = world.connection(item.connection_id)
    if connection is None:
        batch.rejected.append(Rejected(origin=None, code="not_found", event_id=event_id))
        return
    origin = Origin(item, connection, event_id)
    refusal = consent_refusal(connection)
    if refusal is not None:
        batch.rejected.append(Rejected(origin=origin, code=refusal, event_id=event_id))
        return
    uuid = short_uuid(message.characteristic) or message.characteristic
    value = bytes.fromhex(message.value)
    batch.signal(
        connection.id,
        message.received_at,
        battery_pct=None if message.battery_pct is UNSET else message.battery_pct,
        rssi=None if message.rssi is UNSET else message.rssi,
    )
    model = world.model(connection.device_model_id)
    if model is not None and model.decoder != "sig":
        batch.rejected.append(Rejected(origin=origin, code="gatt_unsupported", event_id=event_id))
        return
    context = {} if message.context is UNSET else message.context
    try:
        decoded = decode(uuid, value, context)
    except DecodeError as error:
        batch.rejected.append(
            Rejected(origin=origin, code=f"gatt_{error.code}", field="value", event_id=event_id)
        )
        return
    _Value(batch, origin, message, uuid, value, context, world, new_id).add(decoded)


class _Value:
    """One decoded value on its way into the batch."""

    def __init__(
        self,
        batch: Batch,
        origin: Origin,
        message: GattMessage,
        uuid: str,
        value: bytes,
        context: dict[str, Any],
        world: World,
        new_id: Callable[[], UUID],
    ) -> None:
        self.batch = batch
        self.origin = origin
        self.connection: ConnectionState = origin.connection
        self.message = message
        self.uuid = uuid
        self.value = value
        self.context = context
        self.world = world
        self.new_id = new_id
        self.zone = ZoneInfo(world.timezone(self.connection.patient_id))

    def add(self, decoded: Decoded) -> None:
        match self.uuid:
            case "2aa7":
                self._add_cgm(decoded)
            case "2a34":
                self._add_context(decoded)
            case "2aaa":
                self._add_session(decoded)
            case "2a19" | "2bed":
                self._add_battery(decoded)
            case "2a26":
                firmware = str((decoded.fields or {}).get("value", ""))[:64]
                self.batch.signal(self.connection.id, self.message.received_at, firmware=firmware)
                self._discard()
            case _ if decoded.intermediate is True:
                self._add_live(decoded)
            case _ if decoded.persist is not True or not decoded.readings:
                self._discard()
            case _:
                self._add_reading(decoded)

    def _discard(self) -> None:
        self.batch.discarded.append(Discarded(origin=self.origin))

    def _reject(self, code: str, field: str | None = None) -> None:
        self.batch.rejected.append(
            Rejected(origin=self.origin, code=code, field=field, event_id=self.origin.event_id)
        )

    def _add_battery(self, decoded: Decoded) -> None:
        level = (decoded.readings or {}).get("battery_pct")
        if level is not None:
            self.batch.signal(self.connection.id, self.message.received_at, battery_pct=float(level))
        self._discard()

    def _add_live(self, decoded: Decoded) -> None:
        kinds = (characteristic_kinds(self.uuid) or frozenset()) & self.connection.consent_kinds
        if kinds:
            self.batch.live.append(
                ObservationsLive(
                    patient_id=self.connection.patient_id,
                    device_connection_id=self.connection.id,
                    characteristic=self.uuid,
                    fields=dict(decoded.fields or {}),
                    kinds=sorted(kinds),
                )
            )
        self._discard()

    def _add_session(self, decoded: Decoded) -> None:
        """A CGM session began: its records count their minutes from here."""
        started = (decoded.fields or {}).get("session_start_utc")
        if started is None and decoded.device_time:
            resolved = self._resolve(decoded.device_time, decoded.time_status or "absent")
            started = resolved.timestamp.isoformat() if resolved.source == "device" else None
        if started is not None:
            self.batch.sessions[self.connection.id] = datetime.fromisoformat(started)
        self._discard()

    def _add_context(self, decoded: Decoded) -> None:
        fields = decoded.fields or {}
        meal = fields["meal"]
        meta = {"meal_context": meal} if meal and not meal.startswith("reserved") else {}
        self.batch.notes.append(
            SequenceNote(origin=self.origin, sequence=fields["sequence"], meta=meta, ketone=meal == KETONE)
        )

    def _add_cgm(self, decoded: Decoded) -> None:
        """Time of a record = session start + its minutes; without a session it is what it is now."""
        session = self.batch.sessions.get(self.connection.id) or self.world.session(self.connection.id)
        received_at = self.message.received_at
        for index, record in enumerate(decoded.records or []):
            if record.persist is not True or not record.readings:
                self._discard()
                continue
            if session is None:
                resolved = Resolved(received_at, "receipt", "receipt")
            else:
                resolved = resolve_record(session, (record.fields or {})["time_offset_min"], received_at)
            who = record_identity(record, index, self.value, received_at, session)
            self._store(record, resolved, who, {"time_quality": resolved.quality})

    def _add_reading(self, decoded: Decoded) -> None:
        resolved = self._resolve(decoded.device_time or None, decoded.time_status or "absent")
        who = identity(self.uuid, decoded, self.value, self.message.received_at)
        self._store(decoded, resolved, who, self._about(decoded, resolved))

    def _resolve(self, device_time: Any, status: str) -> Resolved:
        device_now = self.context.get("device_now")
        try:
            return resolve(
                device_time or None,
                status,
                self.message.received_at,
                self.zone,
                device_now if isinstance(device_now, str) else None,
            )
        except ValueError:  # a `device_now` that is no time
            return resolve(device_time or None, status, self.message.received_at, self.zone)

    def _about(self, decoded: Decoded, resolved: Resolved) -> dict[str, Any]:
        """What is said beside the values; the raw device time stays, so that the clock can be judged again."""
        fields = decoded.fields or {}
        about: dict[str, Any] = {"time_quality": resolved.quality}
        if decoded.device_time:
            about["local_time"] = decoded.device_time
            about["user_timezone"] = str(self.zone)
        if (decoded.special or {}).get("user_id") == "unknown":
            about["ambiguous_user"] = True
        elif fields.get("user_id") is not None:
            about["device_user"] = fields["user_id"]
        notes = [*(decoded.status or []), *(decoded.sensor_status or [])]
        if notes:
            about["quality"] = notes
        if fields.get("unit") in ("kPa", "lb", "F", "mol/L"):
            about["source_unit"] = fields["unit"]
        site = (
            fields.get("location")
            if self.uuid == "2a18"
            else fields.get("type")
            if self.uuid == "2a1c"
            else None
        )
        if site and not str(site).startswith("reserved"):
            about["measurement_site"] = site
        if self.uuid == "2a18":
            about["sequence"] = fields["sequence"]
            if fields["context_follows"]:
                about["context_missing"] = True
        return about

    def _store(self, decoded: Decoded, resolved: Resolved, who: Identity, about: dict[str, Any]) -> None:
        allowed = names_of(self.connection.consent_kinds)
        model = self.world.model(self.connection.device_model_id)
        if model is not None:
            allowed &= names_of(model.capabilities)
        kept = {
            name: rounded(name, value) for name, value in (decoded.readings or {}).items() if name in allowed
        }
        if not kept:
            self._reject("kind_not_consented", "value")
            return
        fault = make_plausible(kept)
        if fault is not None:
            self._reject(fault.code, fault.field)
            return
        if self.message.battery_pct is not UNSET:
            about["battery_pct"] = self.message.battery_pct
        if self.message.rssi is not UNSET:
            about["rssi"] = self.message.rssi
        self.batch.signal(self.connection.id, self.message.received_at, reading_at=resolved.timestamp)
        self.batch.candidates.append(
            Candidate(
                origin=self.origin,
                id=self.new_id(),
                timestamp=resolved.timestamp,
                received_at=self.message.received_at,
                key=who.key,
                given=True,
                content=who.content,
                revision=None,
                readings=_encode(kept),
                meta=_encode(about),
                suspect=about.get("ambiguous_user") is True,
                values=cells_of(kept),
                is_gatt=True,
                window=who.kind == "window",
            )
        )


def rounded(name: str, value: Any) -> Any:
    """A value as it is stored: rounded where it was computed, whole numbers without a fraction."""
    if isinstance(value, dict):
        return {part: _round(number, PRESSURE_DECIMALS) for part, number in value.items()}
    if isinstance(value, list):
        return [_round(number, DECIMALS.get(name, DEFAULT_DECIMALS)) for number in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return _round(value, DECIMALS.get(name, DEFAULT_DECIMALS))


def _round(number: float, decimals: int) -> float | int:
    short = round(number, decimals)
    return int(short) if short == int(short) else short


def make_plausible(kept: dict[str, Any]) -> FieldFault | None:
    """Checks against the vocabulary; drops optional parts that are out of bounds. Answers what is wrong otherwise."""
    while True:
        try:
            readings = msgspec.convert(kept, Readings)
        except msgspec.ValidationError as error:
            fault = fault_of(error, "readings")
            if fault.field not in OPTIONAL:
                return fault
            parts = fault.field.split(".")[1:]
            owner = kept
            for part in parts[:-1]:
                owner = owner[part]
            del owner[parts[-1]]
            continue
        field = check_relations(readings)
        return FieldFault(code="out_of_bounds", field=field) if field else None
