// A sound as a picture and how it is listened to. Pure: what plays it is in components/sound-player.tsx.
export const FILTER_IDS = ["all", "bell", "diaphragm"] as const;
export type FilterId = (typeof FILTER_IDS)[number];

export interface Filter {
  type: "highpass" | "lowpass";
  frequency: number;
}

/** The two sides of a stethoscope: low sounds through the bell, higher ones through the diaphragm. In hertz. */
export const FILTERS: Record<FilterId, readonly Filter[]> = {
  all: [],
  bell: [
    { type: "highpass", frequency: 20 },
    { type: "lowpass", frequency: 200 },
  ],
  diaphragm: [
    { type: "highpass", frequency: 100 },
    { type: "lowpass", frequency: 500 },
  ],
};

export const SPEEDS = ["0.5", "1"] as const;
export type Speed = (typeof SPEEDS)[number];
export const SKIP_S = 5;

/** The loudest of each of `count` stretches, the loudest of all being 1. Silence stays silence. */
export function peaksOf(samples: Float32Array, count: number): Float32Array {
  const peaks = new Float32Array(count);
  const step = samples.length / count;
  for (let index = 0; index < count; index += 1) {
    const end = Math.max(Math.floor((index + 1) * step), Math.floor(index * step) + 1);
    for (let at = Math.floor(index * step); at < end && at < samples.length; at += 1) {
      peaks[index] = Math.max(peaks[index] ?? 0, Math.abs(samples[at] ?? 0));
    }
  }
  const loudest = peaks.reduce((most, peak) => Math.max(most, peak), 0);
  return loudest > 0 ? peaks.map((peak) => peak / loudest) : peaks;
}

const within = (at: number, total: number) => Math.max(0, Math.min(at, total));

/** Where a key on the picture leads; undefined: not our key. */
export function seekTo(key: string, at: number, total: number): number | undefined {
  const steps: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - SKIP_S,
    PageUp: at + SKIP_S,
    Home: 0,
    End: total,
  };
  const next = steps[key];
  return next === undefined ? undefined : within(next, total);
}

export const skipped = (at: number, by: number, total: number) => within(at + by, total);
