"""Status bits and code lists of the health profiles, as printed in the Bluetooth SIG's GATT Specification Supplement."""

from typing import Any, Final

BP_STATUS: Final = {
    0: "body_movement",
    1: "cuff_too_loose",
    2: "irregular_pulse",
    5: "improper_position",
}
BP_PULSE_RANGE: Final = {
    1: "pulse_rate_above_range",
    2: "pulse_rate_below_range",
    3: "pulse_rate_range_reserved",
}
"""Bits 3 and 4 of the blood pressure status, read as a number."""

BP_FEATURE: Final = {
    0: "body_movement_detection",
    1: "cuff_fit_detection",
    2: "irregular_pulse_detection",
    3: "pulse_rate_range_detection",
    4: "measurement_position_detection",
    5: "multiple_bonds",
    6: "e2e_crc",
    7: "user_data_service",
    8: "user_facing_time",
}

GLUCOSE_TYPE: Final = {
    1: "capillary_whole_blood",
    2: "capillary_plasma",
    3: "venous_whole_blood",
    4: "venous_plasma",
    5: "arterial_whole_blood",
    6: "arterial_plasma",
    7: "undetermined_whole_blood",
    8: "undetermined_plasma",
    9: "interstitial_fluid",
    10: "control_solution",
}
GLUCOSE_LOCATION: Final = {
    1: "finger",
    2: "alternate_site",
    3: "earlobe",
    4: "control_solution",
    15: "not_available",
}
CGM_LOCATION: Final = GLUCOSE_LOCATION | {5: "subcutaneous_tissue"}
GLUCOSE_STATUS: Final = {
    0: "battery_low",
    1: "sensor_malfunction",
    2: "sample_size_insufficient",
    3: "strip_insertion_error",
    4: "strip_type_incorrect",
    5: "result_too_high",
    6: "result_too_low",
    7: "temperature_too_high",
    8: "temperature_too_low",
    9: "read_interrupted",
    10: "general_device_fault",
    11: "time_fault",
}
GLUCOSE_FEATURE: Final = {
    0: "low_battery_detection",
    1: "sensor_malfunction_detection",
    2: "sample_size",
    3: "strip_insertion_error_detection",
    4: "strip_type_error_detection",
    5: "result_high_low_detection",
    6: "temperature_high_low_detection",
    7: "read_interrupt_detection",
    8: "general_device_fault",
    9: "time_fault",
    10: "multiple_bonds",
}
CARBOHYDRATE: Final = {
    1: "breakfast",
    2: "lunch",
    3: "dinner",
    4: "snack",
    5: "drink",
    6: "supper",
    7: "brunch",
}
MEAL: Final = {1: "preprandial", 2: "postprandial", 3: "fasting", 4: "casual", 5: "bedtime"}
TESTER: Final = {1: "self", 2: "health_care_professional", 3: "lab_test", 15: "not_available"}
TESTER_HEALTH: Final = {
    1: "minor_issues",
    2: "major_issues",
    3: "during_menses",
    4: "under_stress",
    5: "no_issues",
    15: "not_available",
}
MEDICATION: Final = {
    1: "rapid_acting_insulin",
    2: "short_acting_insulin",
    3: "intermediate_acting_insulin",
    4: "long_acting_insulin",
    5: "premixed_insulin",
}

CGM_STATUS: Final = {
    0: "session_stopped",
    1: "battery_low",
    2: "sensor_type_incorrect",
    3: "sensor_malfunction",
    4: "device_specific_alert",
    5: "general_device_fault",
}
CGM_CALTEMP: Final = {
    0: "time_sync_required",
    1: "calibration_not_allowed",
    2: "calibration_recommended",
    3: "calibration_required",
    4: "temperature_too_high",
    5: "temperature_too_low",
    6: "calibration_pending",
}
CGM_WARNING: Final = {
    0: "below_patient_low",
    1: "above_patient_high",
    2: "below_hypo",
    3: "above_hyper",
    4: "rate_of_decrease_exceeded",
    5: "rate_of_increase_exceeded",
    6: "result_too_low",
    7: "result_too_high",
}
CGM_ALL_STATUS: Final = (
    CGM_STATUS
    | {bit + 8: name for bit, name in CGM_CALTEMP.items()}
    | {bit + 16: name for bit, name in CGM_WARNING.items()}
)
CGM_FEATURE: Final = {
    0: "calibration",
    1: "patient_high_low_alerts",
    2: "hypo_alerts",
    3: "hyper_alerts",
    4: "rate_alerts",
    5: "device_specific_alert",
    6: "sensor_malfunction_detection",
    7: "temperature_high_low_detection",
    8: "result_high_low_detection",
    9: "low_battery_detection",
    10: "sensor_type_error_detection",
    11: "general_device_fault",
    12: "e2e_crc",
    13: "multiple_bonds",
    14: "multiple_sessions",
    15: "trend",
    16: "quality",
}
CALIBRATION_STATUS: Final = {0: "rejected", 1: "out_of_range", 2: "process_pending"}

PLX_STATUS: Final = {
    5: "measurement_ongoing",
    6: "early_estimated_data",
    7: "validated_data",
    8: "fully_qualified_data",
    9: "data_from_storage",
    10: "data_for_demonstration",
    11: "data_for_testing",
    12: "calibration_ongoing",
    13: "measurement_unavailable",
    14: "questionable_measurement",
    15: "invalid_measurement",
}
PLX_SENSOR: Final = {
    0: "extended_display_update_ongoing",
    1: "equipment_malfunction",
    2: "signal_processing_irregularity",
    3: "inadequate_signal",
    4: "poor_signal",
    5: "low_perfusion",
    6: "erratic_signal",
    7: "nonpulsatile_signal",
    8: "questionable_pulse",
    9: "signal_analysis_ongoing",
    10: "sensor_interference",
    11: "sensor_unconnected_to_user",
    12: "unknown_sensor_connected",
    13: "sensor_displaced",
    14: "sensor_malfunctioning",
    15: "sensor_disconnected",
}
PLX_FEATURE: Final = {
    0: "measurement_status_support",
    1: "device_sensor_status_support",
    2: "spot_check_storage",
    3: "spot_check_timestamp",
    4: "spo2pr_fast",
    5: "spo2pr_slow",
    6: "pulse_amplitude_index",
    7: "multiple_bonds",
}

TEMPERATURE_TYPE: Final = {
    1: "armpit",
    2: "body",
    3: "ear",
    4: "finger",
    5: "gastrointestinal_tract",
    6: "mouth",
    7: "rectum",
    8: "toe",
    9: "tympanum",
}
BODY_LOCATION: Final = {0: "other", 1: "chest", 2: "wrist", 3: "finger", 4: "hand", 5: "ear_lobe", 6: "foot"}
CONTACT: Final = {0: "not_supported", 2: "not_supported", 4: "no_contact", 6: "contact"}
"""By bits 1 and 2 of the heart rate flags, in their place."""
DAY_OF_WEEK: Final = {
    0: None,
    1: "monday",
    2: "tuesday",
    3: "wednesday",
    4: "thursday",
    5: "friday",
    6: "saturday",
    7: "sunday",
}
ADJUST_REASON: Final = {0: "manual", 1: "external_reference", 2: "time_zone_change", 3: "dst_change"}
DST_OFFSET_MIN: Final = {0: 0, 2: 30, 4: 60, 8: 120}
YES_NO: Final = {0: False, 1: True}
YES_NO_UNKNOWN: Final = {0: False, 1: True, 2: None}
CHARGE_STATE: Final = {0: "unknown", 1: "charging", 2: "discharging_active", 3: "discharging_inactive"}
CHARGE_LEVEL: Final = {0: "unknown", 1: "good", 2: "low", 3: "critical"}
VENDOR_ID_SOURCE: Final = {1: "bluetooth_sig", 2: "usb_if"}
GENDER: Final = {0: "male", 1: "female", 2: "unspecified"}

WEIGHT_FEATURE: Final = {0: "timestamp", 1: "multiple_users", 2: "bmi"}
BODY_FEATURE: Final = {
    0: "timestamp",
    1: "multiple_users",
    2: "basal_metabolism",
    3: "muscle_percentage",
    4: "muscle_mass",
    5: "fat_free_mass",
    6: "soft_lean_mass",
    7: "body_water_mass",
    8: "impedance",
    9: "weight",
    10: "height",
}
WEIGHT_RESOLUTION_KG: Final = {0: None, 1: 0.5, 2: 0.2, 3: 0.1, 4: 0.05, 5: 0.02, 6: 0.01, 7: 0.005}
HEIGHT_RESOLUTION_M: Final = {0: None, 1: 0.01, 2: 0.005, 3: 0.001}

RACP_RESULT: Final = {
    1: "success",
    2: "opcode_not_supported",
    3: "invalid_operator",
    4: "operator_not_supported",
    5: "invalid_operand",
    6: "no_records_found",
    7: "abort_unsuccessful",
    8: "procedure_not_completed",
    9: "operand_not_supported",
    10: "server_busy",
}
SOCP_RESULT: Final = {
    1: "success",
    2: "opcode_not_supported",
    3: "invalid_operand",
    4: "procedure_not_completed",
    5: "parameter_out_of_range",
}
UCP_RESULT: Final = {
    1: "success",
    2: "opcode_not_supported",
    3: "invalid_parameter",
    4: "operation_failed",
    5: "user_not_authorized",
}
SOCP_LEVEL: Final = {
    0x09: "patient_high_alert",
    0x0C: "patient_low_alert",
    0x0F: "hypo_alert",
    0x12: "hyper_alert",
    0x15: "rate_of_decrease_alert",
    0x18: "rate_of_increase_alert",
}


def strict_code(names: dict[int, Any], raw: int) -> Any:
    """The name of a code; an unknown one is `reserved_<n>`."""
    return names.get(raw, f"reserved_{raw}")
