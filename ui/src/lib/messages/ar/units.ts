// Arabic for units that are words.
import type { Translation } from "../parts";

export default {
  "unit.bpm": "نبضة/د",
  "unit.steps": "{count, plural, zero {خطوة} one {خطوة} two {خطوة} few {خطوات} many {خطوة} other {خطوة}}",
  "unit.floors": "{count, plural, zero {طابق} one {طابق} two {طابق} few {طوابق} many {طابقًا} other {طابق}}",
  "unit.kcal": "سعرة",
  "unit.min": "د",
  "unit.puffs": "{count, plural, zero {بخة} one {بخة} two {بخة} few {بخات} many {بخة} other {بخة}}",
  "unit.index": "مؤشر",
  "unit.breaths": "نفَس/د",
} satisfies Translation<"units">;
