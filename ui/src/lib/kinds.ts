// The kinds of readings and of devices, as lists. How a kind is drawn is in kind-views.
import type { DeviceType, Kind } from "./api-types";

/** In the order in which they are shown. */
export const KINDS = Object.keys({
  blood_pressure: 0, weight: 0, body_composition: 0, glucose: 0, spo2: 0, heart_rate: 0, activity: 0, sleep: 0,
  ecg: 0, cardio_fitness: 0, spirometry: 0, inhaler: 0, respiratory_rate: 0, temperature: 0, stethoscope: 0,
} satisfies Record<Kind, 0>) as Kind[];

/** The kind a person bought the device for. */
export const PRIMARY_KIND: Record<DeviceType, Kind> = {
  blood_pressure_cuff: "blood_pressure",
  scale: "weight",
  cgm: "glucose",
  glucose_meter: "glucose",
  pulse_oximeter: "spo2",
  thermometer: "temperature",
  stethoscope: "stethoscope",
  activity_tracker: "activity",
  smart_watch: "heart_rate",
  heart_rate_monitor: "heart_rate",
  ecg: "ecg",
  spirometer: "spirometry",
  inhaler: "inhaler",
};

export const DEVICE_TYPES = Object.keys(PRIMARY_KIND) as DeviceType[];
