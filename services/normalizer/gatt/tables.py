"""The characteristics as rows. A new device that speaks a profile needs nothing here; a new profile is a row.

Sources: Bluetooth SIG, GATT Specification Supplement and the profile specifications (BLS, WSS, BCS, GLS, CGMS, PLXS,
HTS, HRS, RSCS, CTS, UDS).
"""

from typing import Final

from services.normalizer.gatt import codes, rules
from services.normalizer.gatt.table import Characteristic, Field

_UNKNOWN_USER: Final = (255, "unknown")
_UNSUCCESSFUL: Final = (0xFFFF, "unsuccessful")


def _mass(name: str, when: int) -> Field:
    return Field(name, "u16", when, "kg", scale=0.005, scale_imperial=0.01)


def _feature(uuid: str, name: str, type_: str, names: dict[int, str]) -> Characteristic:
    return Characteristic(uuid, name, "", (Field("features", type_, bits=names),), rules.fields_only)  # type: ignore[arg-type]


_BP_TAIL: Final = (
    Field("device_time", "time", 0x02),
    Field("pulse_rate", "sfloat", 0x04, "/min"),
    Field("user_id", "u8", 0x08, absent=_UNKNOWN_USER),
    Field("status", "u16", 0x10, bits=codes.BP_STATUS, into="status"),
)

CHARACTERISTICS: Final = (
    Characteristic(
        "2a35",
        "blood_pressure_measurement",
        "u8",
        (
            Field("systolic", "sfloat", unit="mm[Hg]"),
            Field("diastolic", "sfloat", unit="mm[Hg]"),
            Field("map", "sfloat", unit="mm[Hg]"),
            *_BP_TAIL,
        ),
        rules.blood_pressure,
        unit=(0x01, "mmHg", "kPa"),
    ),
    Characteristic(
        "2a36",
        "intermediate_cuff_pressure",
        "u8",
        (
            Field("cuff_pressure", "sfloat", unit="mm[Hg]"),
            Field("unused_1", "skip2"),
            Field("unused_2", "skip2"),
            *_BP_TAIL,
        ),
        rules.cuff_pressure,
        unit=(0x01, "mmHg", "kPa"),
    ),
    _feature("2a49", "blood_pressure_feature", "u16", codes.BP_FEATURE),
    Characteristic(
        "2a9d",
        "weight_measurement",
        "u8",
        (
            Field("weight", "u16", unit="kg", scale=0.005, scale_imperial=0.01, absent=_UNSUCCESSFUL),
            Field("device_time", "time", 0x02),
            Field("user_id", "u8", 0x04, absent=_UNKNOWN_USER),
            Field("bmi", "u16", 0x08, "kg/m2", scale=0.1),
            Field("height", "u16", 0x08, "m", scale=0.001, scale_imperial=0.1),
        ),
        rules.weight,
        unit=(0x01, "kg", "lb"),
        imperial=0x01,
    ),
    Characteristic(
        "2a9c",
        "body_composition_measurement",
        "u16",
        (
            Field("body_fat_pct", "u16", unit="%", scale=0.1, absent=_UNSUCCESSFUL),
            Field("device_time", "time", 0x0002),
            Field("user_id", "u8", 0x0004, absent=_UNKNOWN_USER),
            Field("basal_metabolism_kj", "u16", 0x0008, "kJ"),
            Field("muscle_pct", "u16", 0x0010, "%", scale=0.1),
            _mass("muscle_mass", 0x0020),
            _mass("fat_free_mass", 0x0040),
            _mass("soft_lean_mass", 0x0080),
            _mass("body_water_mass", 0x0100),
            Field("impedance_ohm", "u16", 0x0200, "Ohm", scale=0.1),
            _mass("weight", 0x0400),
            Field("height", "u16", 0x0800, "m", scale=0.001, scale_imperial=0.1),
        ),
        rules.body_composition,
        unit=(0x01, "kg", "lb"),
        imperial=0x01,
    ),
    Characteristic(
        "2a18",
        "glucose_measurement",
        "u8",
        (
            Field("sequence", "u16"),
            Field("base_time", "time"),
            Field("time_offset_min", "i16", 0x01, "min"),
            Field("concentration", "sfloat", 0x02),
            Field(
                "type_location",
                "u8",
                0x02,
                low=("type", codes.GLUCOSE_TYPE),
                high=("location", codes.GLUCOSE_LOCATION),
            ),
            Field("status", "u16", 0x08, bits=codes.GLUCOSE_STATUS, into="status"),
        ),
        rules.glucose,
    ),
    Characteristic(
        "2a34",
        "glucose_measurement_context",
        "u8",
        (
            Field("sequence", "u16"),
            Field("extended_flags", "u8", 0x80),
            Field("carbohydrate_type", "u8", 0x01, codes=codes.CARBOHYDRATE),
            Field("carbohydrate_kg", "sfloat", 0x01, "kg"),
            Field("meal", "u8", 0x02, codes=codes.MEAL),
            Field(
                "tester_health",
                "u8",
                0x04,
                low=("tester", codes.TESTER),
                high=("health", codes.TESTER_HEALTH),
            ),
            Field("exercise_duration_s", "u16", 0x08, "s", absent=(0xFFFF, "overrun")),
            Field("exercise_intensity_pct", "u8", 0x08, "%"),
            Field("medication_type", "u8", 0x10, codes=codes.MEDICATION),
            Field("medication_amount", "sfloat", 0x10),
            Field("hba1c_pct", "sfloat", 0x40, "%"),
        ),
        rules.glucose_context,
    ),
    _feature("2a51", "glucose_feature", "u16", codes.GLUCOSE_FEATURE),
    Characteristic(
        "2a5e",
        "plx_spot_check_measurement",
        "u8",
        (
            Field("spo2", "sfloat", unit="%"),
            Field("pulse_rate", "sfloat", unit="/min"),
            Field("device_time", "time", 0x01),
            Field("status", "u16", 0x02, bits=codes.PLX_STATUS, into="status"),
            Field("sensor_status", "u24", 0x04, bits=codes.PLX_SENSOR, into="sensor_status"),
            Field("pulse_amplitude_index_pct", "sfloat", 0x08, "%"),
        ),
        rules.spot_check,
    ),
    Characteristic(
        "2a5f",
        "plx_continuous_measurement",
        "u8",
        (
            Field("spo2", "sfloat", unit="%"),
            Field("pulse_rate", "sfloat", unit="/min"),
            Field("spo2_fast", "sfloat", 0x01, "%"),
            Field("pulse_rate_fast", "sfloat", 0x01, "/min"),
            Field("spo2_slow", "sfloat", 0x02, "%"),
            Field("pulse_rate_slow", "sfloat", 0x02, "/min"),
            Field("status", "u16", 0x04, bits=codes.PLX_STATUS, into="status"),
            Field("sensor_status", "u24", 0x08, bits=codes.PLX_SENSOR, into="sensor_status"),
            Field("pulse_amplitude_index_pct", "sfloat", 0x10, "%"),
        ),
        rules.continuous,
    ),
    Characteristic(
        "2a1c",
        "temperature_measurement",
        "u8",
        (
            Field("temperature", "float", unit="Cel"),
            Field("device_time", "time", 0x02),
            Field("type", "u8", 0x04, codes=codes.TEMPERATURE_TYPE),
        ),
        rules.temperature,
        unit=(0x01, "C", "F"),
    ),
    Characteristic(
        "2a1e",
        "intermediate_temperature",
        "u8",
        (
            Field("temperature", "float", unit="Cel"),
            Field("device_time", "time", 0x02),
            Field("type", "u8", 0x04, codes=codes.TEMPERATURE_TYPE),
        ),
        rules.intermediate_temperature,
        unit=(0x01, "C", "F"),
    ),
    Characteristic(
        "2a1d",
        "temperature_type",
        "",
        (Field("type", "u8", codes=codes.TEMPERATURE_TYPE),),
        rules.fields_only,
    ),
    Characteristic(
        "2a38",
        "body_sensor_location",
        "",
        (Field("location", "u8", codes=codes.BODY_LOCATION),),
        rules.fields_only,
    ),
    Characteristic(
        "2a50",
        "pnp_id",
        "",
        (
            Field("vendor_id_source", "u8", codes=codes.VENDOR_ID_SOURCE),
            Field("vendor_id", "u16"),
            Field("product_id", "u16"),
            Field("product_version", "u16"),
        ),
        rules.fields_only,
    ),
    Characteristic("2a80", "age", "", (Field("age", "u8", unit="a"),), rules.fields_only),
    Characteristic(
        "2a85",
        "date_of_birth",
        "",
        (Field("year", "u16"), Field("month", "u8"), Field("day", "u8")),
        rules.fields_only,
    ),
    Characteristic("2a8c", "gender", "", (Field("gender", "u8", codes=codes.GENDER),), rules.fields_only),
    Characteristic(
        "2a8e", "height", "", (Field("height_m", "u16", unit="m", scale=0.01),), rules.fields_only
    ),
    Characteristic(
        "2a98", "weight", "", (Field("weight_kg", "u16", unit="kg", scale=0.005),), rules.fields_only
    ),
    Characteristic("2a99", "database_change_increment", "", (Field("increment", "u32"),), rules.fields_only),
    Characteristic(
        "2a9a",
        "user_index",
        "",
        (Field("user_index", "u8", absent=_UNKNOWN_USER),),
        rules.fields_and_special,
    ),
)

BY_UUID: Final = {row.uuid: row for row in CHARACTERISTICS}
