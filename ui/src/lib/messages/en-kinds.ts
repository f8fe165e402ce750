// English for several kinds of readings at once.

export const enKinds = {
  "kinds.all": "all kinds of readings",
  "kinds.all.chip": "All kinds of readings",
} as const;
