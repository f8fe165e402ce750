// Spanish for units that are words.
import type { Translation } from "../parts";

export default {
  "unit.bpm": "lpm",
  "unit.steps": "{count, plural, one {paso} other {pasos}}",
  "unit.floors": "{count, plural, one {piso} other {pisos}}",
  "unit.kcal": "kcal",
  "unit.min": "min",
  "unit.puffs": "{count, plural, one {inhalación} other {inhalaciones}}",
  "unit.index": "índice",
  "unit.breaths": "resp./min",
} satisfies Translation<"units">;
