// How each kind of reading is drawn and listed: one row a kind. A new kind is a row, not a component.
import type { Kind } from "./api-types";
import type { RangeId } from "./keys";
import { DAY, MINUTE } from "./time";

/**
 * pressure: a bar from systolic to diastolic, pulse as dots · glucose: a line with the target band and gaps
 * line: samples joined unless they are far apart · points: single measurements · bars: amounts per day · list: no chart
 */
export type Drawing = "pressure" | "glucose" | "line" | "points" | "bars" | "list";

export interface KindView {
  drawing: Drawing;
  /** Large on the card; the first one that a reading has. */
  main: readonly string[];
  /** Small beside it. */
  beside: readonly string[];
  /** What the chart can show; the first is the default. Pressure is drawn from all of them. */
  charted: readonly string[];
  /** Marks further apart than this are never joined by a line; without it there is no line. */
  joinMs?: number;
  /** Many samples a day: longer ranges are asked as rollups. */
  dense?: boolean;
  /** These ranges show days: lowest to highest, or all of a day, as the platform counts it. */
  daily?: readonly RangeId[];
  /** Ranges in which each value is asked for also when there are thousands, to be looked at closer. */
  whole?: readonly RangeId[];
}

export const KIND_VIEWS: Record<Kind, KindView> = {
  blood_pressure: {
    drawing: "pressure",
    main: ["blood_pressure"],
    beside: ["blood_pressure.hr", "irregular_heartbeat"],
    charted: ["blood_pressure.systolic", "blood_pressure.diastolic", "blood_pressure.hr"],
  },
  weight: { drawing: "points", main: ["weight_kg"], beside: ["bmi"], charted: ["weight_kg", "bmi"], joinMs: 14 * DAY },
  body_composition: {
    drawing: "points",
    main: ["body_fat_pct", "muscle_mass_kg"],
    beside: ["muscle_mass_kg", "body_water_pct"],
    charted: ["body_fat_pct", "muscle_mass_kg", "body_water_pct"],
    joinMs: 14 * DAY,
  },
  glucose: { drawing: "glucose", main: ["glucose_mg_dL"], beside: ["glucose_trend"], charted: ["glucose_mg_dL"], dense: true, joinMs: 16 * MINUTE, whole: ["7d", "30d"] },
  spo2: { drawing: "points", main: ["spo2_pct"], beside: ["pulse_rate_bpm"], charted: ["spo2_pct", "pulse_rate_bpm"], daily: ["30d", "90d"] },
  heart_rate: {
    drawing: "line",
    main: ["heart_rate_bpm", "resting_heart_rate_bpm"],
    beside: ["resting_heart_rate_bpm"],
    charted: ["heart_rate_bpm", "resting_heart_rate_bpm", "hrv_rmssd_ms"],
    dense: true,
    joinMs: 10 * MINUTE,
  },
  activity: {
    drawing: "bars",
    main: ["steps", "active_energy_kcal"],
    beside: ["distance_m", "active_energy_kcal"],
    charted: ["steps", "distance_m", "active_energy_kcal"],
    daily: ["24h", "7d", "30d", "90d"],
  },
  sleep: {
    drawing: "bars",
    main: ["sleep.asleep_min"],
    beside: ["sleep.deep_min", "sleep.rem_min"],
    charted: ["sleep.asleep_min"],
  },
  ecg: { drawing: "list", main: ["ecg.classification"], beside: ["ecg.avg_hr_bpm"], charted: [] },
  cardio_fitness: {
    drawing: "points",
    main: ["vo2max_ml_kg_min", "pulse_wave_velocity_m_s"],
    beside: [],
    charted: ["vo2max_ml_kg_min", "pulse_wave_velocity_m_s"],
  },
  spirometry: {
    drawing: "points",
    main: ["fev1_l", "pef_l_min"],
    beside: ["fvc_l", "pef_l_min"],
    charted: ["fev1_l", "fvc_l", "pef_l_min"],
  },
  inhaler: { drawing: "bars", main: ["inhaler_puffs"], beside: ["inhaler_medication"], charted: ["inhaler_puffs"] },
  respiratory_rate: {
    drawing: "line",
    main: ["respiratory_rate_per_min"],
    beside: [],
    charted: ["respiratory_rate_per_min"],
    dense: true,
    joinMs: 15 * MINUTE,
  },
  temperature: {
    drawing: "points",
    main: ["body_temperature_c", "skin_temperature_c", "skin_temperature_delta_c"],
    beside: [],
    charted: ["body_temperature_c", "skin_temperature_c"],
    daily: ["30d", "90d"],
  },
  stethoscope: {
    drawing: "list",
    main: ["stethoscope_findings", "stethoscope_audio_url"],
    beside: ["stethoscope_audio_url"],
    charted: [],
  },
};
