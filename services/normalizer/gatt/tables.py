"""The characteristics as rows. A new device that speaks a profile needs nothing here; a new profile is a row.

Sources: Bluetooth SIG, GATT Specification Supplement and the profile specifications (BLS, WSS, BCS, GLS, CGMS, PLXS,
HTS, HRS, RSCS, BAS, CTS, UDS).
"""

from typing import Final

from services.normalizer.gatt import codes, rules
from services.normalizer.gatt.table import Characteristic, Field, FieldType, Part, Word

_UNKNOWN_USER: Final = (255, "unknown")
_UNSUCCESSFUL: Final = (0xFFFF, "unsuccessful")
_PRESSURE: Final = Word("unit", 0x01, {0: "mmHg", 1: "kPa"})
_MASS: Final = Word("unit", 0x01, {0: "kg", 1: "lb"})
_DEGREE: Final = Word("unit", 0x01, {0: "C", 1: "F"})


def _mass(name: str, when: int) -> Field:
    return Field(name, "u16", when, "kg", per=200, per_imperial=100)


def _time(when: int) -> Field:
    return Field("device_time", "time", when, into="device_time")


def _feature(
    uuid: str, name: str, type_: FieldType, names: dict[int, str], parts: tuple[Part, ...] = ()
) -> Characteristic:
    return Characteristic(
        uuid, name, "", (Field("features", type_, bits=names, parts=parts),), rules.fields_only
    )


def _resolutions(weight_at: int, height_at: int) -> tuple[Part, ...]:
    """What a scale really resolves. Its values come in 0.005 kg and 0.001 m all the same."""
    return (
        Part("weight_resolution_kg", weight_at, 4, codes.WEIGHT_RESOLUTION_KG, "reserved"),
        Part("height_resolution_m", height_at, 3, codes.HEIGHT_RESOLUTION_M, "reserved"),
    )


_BP_TAIL: Final = (
    Field("pulse_rate", "sfloat", 0x04, "/min"),
    Field("user_id", "u8", 0x08, absent=_UNKNOWN_USER),
    Field(
        "status",
        "u16",
        0x10,
        bits=codes.BP_STATUS,
        ranges=(Part("pulse_rate_range", 3, 2, codes.BP_PULSE_RANGE),),
        into="status",
    ),
)
_BP_VALUES: Final = (
    Field("systolic", "sfloat", unit="mm[Hg]"),
    Field("diastolic", "sfloat", unit="mm[Hg]"),
    Field("map", "sfloat", unit="mm[Hg]"),
)
_TEMPERATURE: Final = (
    Field("temperature", "float", unit="Cel"),
    _time(0x02),
    Field("type", "u8", 0x04, codes=codes.TEMPERATURE_TYPE),
)


def _cgm_record(uuid: str, octets: tuple[tuple[int, dict[int, str]], ...]) -> Characteristic:
    """`octets`: the three status octets as they come, which is not the order of their flag bits."""
    return Characteristic(
        uuid,
        "cgm_measurement",
        "u8",
        (
            Field("glucose_mg_dL", "sfloat", unit="mg/dL"),
            Field("time_offset_min", "u16", unit="min"),
            *(Field("status", "u8", when, bits=names, into="status") for when, names in octets),
            Field("trend_mg_dL_min", "sfloat", 0x01, "mg/dL/min"),
            Field("quality_pct", "sfloat", 0x02, "%"),
        ),
        rules.cgm_record,
        records=True,
    )


_CGM_OCTETS: Final = ((0x80, codes.CGM_STATUS), (0x40, codes.CGM_CALTEMP), (0x20, codes.CGM_WARNING))
CGM_RECORD: Final = _cgm_record("2aa7", _CGM_OCTETS)
CGM_RECORD_REVERSED: Final = _cgm_record("2aa7", _CGM_OCTETS[::-1])
"""How older nRF5 servers send the status octets: a quirk of single models."""

CHARACTERISTICS: Final = (
    Characteristic(
        "2a35",
        "blood_pressure_measurement",
        "u8",
        (*_BP_VALUES, _time(0x02), *_BP_TAIL),
        rules.blood_pressure,
        (_PRESSURE,),
    ),
    Characteristic(
        "2b34",
        "enhanced_blood_pressure_measurement",
        "u8",
        (
            *_BP_VALUES,
            Field("device_time", "s1900", 0x02, unless=0x40, into="device_time"),
            Field("device_time", "s2000", 0x42, into="device_time"),
            *_BP_TAIL,
            Field("user_facing_time", "s1900", 0x20, unless=0x40),
            Field("user_facing_time", "s2000", 0x60),
        ),
        rules.blood_pressure,
        (_PRESSURE,),
    ),
    Characteristic(
        "2a36",
        "intermediate_cuff_pressure",
        "u8",
        (
            Field("cuff_pressure", "sfloat", unit="mm[Hg]"),
            Field("unused_1", "skip2"),
            Field("unused_2", "skip2"),
            _time(0x02),
            *_BP_TAIL,
        ),
        rules.cuff_pressure,
        (_PRESSURE,),
    ),
    _feature("2a49", "blood_pressure_feature", "u16", codes.BP_FEATURE),
    Characteristic(
        "2a9d",
        "weight_measurement",
        "u8",
        (
            Field("weight", "u16", unit="kg", per=200, per_imperial=100, absent=_UNSUCCESSFUL),
            _time(0x02),
            Field("user_id", "u8", 0x04, absent=_UNKNOWN_USER),
            Field("bmi", "u16", 0x08, "kg/m2", per=10),
            Field("height", "u16", 0x08, "m", per=1000, per_imperial=10),
        ),
        rules.weight,
        (_MASS,),
        imperial=0x01,
    ),
    _feature("2a9e", "weight_scale_feature", "u32", codes.WEIGHT_FEATURE, _resolutions(3, 7)),
    Characteristic(
        "2a9c",
        "body_composition_measurement",
        "u16",
        (
            Field("body_fat_pct", "u16", unit="%", per=10, absent=_UNSUCCESSFUL),
            _time(0x0002),
            Field("user_id", "u8", 0x0004, absent=_UNKNOWN_USER),
            Field("basal_metabolism_kj", "u16", 0x0008, "kJ"),
            Field("muscle_pct", "u16", 0x0010, "%", per=10),
            _mass("muscle_mass", 0x0020),
            _mass("fat_free_mass", 0x0040),
            _mass("soft_lean_mass", 0x0080),
            _mass("body_water_mass", 0x0100),
            Field("impedance_ohm", "u16", 0x0200, "Ohm", per=10),
            _mass("weight", 0x0400),
            Field("height", "u16", 0x0800, "m", per=1000, per_imperial=10),
        ),
        rules.body_composition,
        (_MASS, Word("multiple_packet", 0x1000, {0: False, 0x1000: True})),
        imperial=0x01,
    ),
    _feature("2a9b", "body_composition_feature", "u32", codes.BODY_FEATURE, _resolutions(11, 15)),
    Characteristic(
        "2a18",
        "glucose_measurement",
        "u8",
        (
            Field("sequence", "u16"),
            Field("base_time", "time", into="device_time"),
            Field("time_offset_min", "i16", 0x01, "min"),
            Field("concentration", "sfloat", 0x02),
            Field(
                "type_location",
                "u8",
                0x02,
                parts=(
                    Part("type", 0, 4, codes.GLUCOSE_TYPE),
                    Part("location", 4, 4, codes.GLUCOSE_LOCATION),
                ),
            ),
            Field("status", "u16", 0x08, bits=codes.GLUCOSE_STATUS, into="status"),
        ),
        rules.glucose,
        (
            Word("unit", 0x04, {0: "kg/L", 0x04: "mol/L"}, when=0x02),
            Word("context_follows", 0x10, {0: False, 0x10: True}),
        ),
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
                parts=(Part("tester", 0, 4, codes.TESTER), Part("health", 4, 4, codes.TESTER_HEALTH)),
            ),
            Field("exercise_duration_s", "u16", 0x08, "s", absent=(0xFFFF, "overrun")),
            Field("exercise_intensity_pct", "u8", 0x08, "%"),
            Field("medication_type", "u8", 0x10, codes=codes.MEDICATION),
            Field("medication_amount", "sfloat", 0x10),
            Field("hba1c_pct", "sfloat", 0x40, "%"),
        ),
        rules.glucose_context,
        (Word("medication_unit", 0x20, {0: "kg", 0x20: "L"}, when=0x10),),
    ),
    _feature("2a51", "glucose_feature", "u16", codes.GLUCOSE_FEATURE),
    CGM_RECORD,
    Characteristic(
        "2a5e",
        "plx_spot_check_measurement",
        "u8",
        (
            Field("spo2", "sfloat", unit="%"),
            Field("pulse_rate", "sfloat", unit="/min"),
            _time(0x01),
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
        _TEMPERATURE,
        rules.temperature,
        (_DEGREE,),
    ),
    Characteristic(
        "2a1e",
        "intermediate_temperature",
        "u8",
        _TEMPERATURE,
        rules.intermediate_temperature,
        (_DEGREE,),
    ),
    Characteristic(
        "2a60",
        "plx_features",
        "u16",
        (
            Field("measurement_status_support", "u16", 0x01, bits=codes.PLX_STATUS),
            Field("device_sensor_status_support", "u24", 0x02, bits=codes.PLX_SENSOR),
        ),
        rules.fields_only,
        flag_names=codes.PLX_FEATURE,
    ),
    Characteristic(
        "2a1d",
        "temperature_type",
        "",
        (Field("type", "u8", codes=codes.TEMPERATURE_TYPE),),
        rules.fields_only,
    ),
    Characteristic(
        "2a37",
        "heart_rate_measurement",
        "u8",
        (
            Field("heart_rate", "u8", unit="/min", unless=0x01),
            Field("heart_rate", "u16", 0x01, "/min"),
            Field("energy_expended_kj", "u16", 0x08, "kJ"),
            Field("rr_1024", "u16s", 0x10),
        ),
        rules.heart_rate,
        (Word("contact", 0x06, codes.CONTACT),),
    ),
    Characteristic(
        "2a38",
        "body_sensor_location",
        "",
        (Field("location", "u8", codes=codes.BODY_LOCATION),),
        rules.fields_only,
    ),
    Characteristic(
        "2a53",
        "rsc_measurement",
        "u8",
        (
            Field("speed_m_s", "u16", unit="m/s", per=256),
            Field("cadence_per_min", "u8", unit="/min"),
            Field("stride_length_m", "u16", 0x01, "m", per=100),
            Field("total_distance_m", "u32", 0x02, "m", per=10),
        ),
        rules.nothing_to_store,
        (Word("running", 0x04, {0: False, 0x04: True}),),
    ),
    Characteristic(
        "2a19", "battery_level", "", (Field("battery_level", "u8", unit="%", maximum=100),), rules.battery
    ),
    Characteristic(
        "2bed",
        "battery_level_status",
        "u8",
        (
            Field(
                "power_state",
                "u16",
                parts=(
                    Part("battery_present", 0, 1, codes.YES_NO),
                    Part("wired_power", 1, 2, codes.YES_NO_UNKNOWN),
                    Part("wireless_power", 3, 2, codes.YES_NO_UNKNOWN),
                    Part("charge_state", 5, 2, codes.CHARGE_STATE),
                    Part("charge_level", 7, 2, codes.CHARGE_LEVEL),
                    Part("charging_type", 9, 3),
                    Part("charging_faults", 12, 3),
                ),
            ),
            Field("identifier", "u16", 0x01),
            Field("battery_level", "u8", 0x02, "%", maximum=100),
            Field(
                "additional_status",
                "u8",
                0x04,
                parts=(
                    Part("service_required", 0, 2, codes.YES_NO_UNKNOWN),
                    Part("battery_fault", 2, 1, codes.YES_NO),
                ),
            ),
        ),
        rules.battery,
    ),
    Characteristic("2a08", "date_time", "", (Field("device_time", "time", into="device_time"),), rules.clock),
    Characteristic(
        "2a2b",
        "current_time",
        "",
        (
            Field("device_time", "time", into="device_time"),
            Field("day_of_week", "u8", codes=codes.DAY_OF_WEEK),
            Field("fractions256", "u8"),
            Field("adjust_reason", "u8", bits=codes.ADJUST_REASON),
        ),
        rules.clock,
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
    Characteristic("2a8e", "height", "", (Field("height_m", "u16", unit="m", per=100),), rules.fields_only),
    Characteristic("2a98", "weight", "", (Field("weight_kg", "u16", unit="kg", per=200),), rules.fields_only),
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
