// English for units that are words; the others stay as they stand on the devices.

export const enUnits = {
  "unit.bpm": "bpm",
  "unit.steps": "{count, plural, one {step} other {steps}}",
  "unit.floors": "{count, plural, one {floor} other {floors}}",
  "unit.kcal": "kcal",
  "unit.min": "min",
  "unit.puffs": "{count, plural, one {puff} other {puffs}}",
  "unit.index": "index",
  "unit.breaths": "breaths/min",
} as const;
