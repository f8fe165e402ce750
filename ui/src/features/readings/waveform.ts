// An ECG's file as samples in time. Pure. What is no list of numbers is not drawn, and stays a file to keep.
export interface Waveform {
  samples: Float32Array;
  hz: number;
  /** "mV" when the file says what its numbers are; else they have a shape and no size. */
  unit: "mV" | null;
}

const IN_MILLIVOLTS: Record<string, number> = { mv: 1, uv: 0.001, µv: 0.001, v: 1000 };

/** `hz`: what the reading says of it, for files that do not. Null: nothing that can be drawn. */
export function parseWaveform(text: string, hz: number | null): Waveform | null {
  const start = text.trimStart();
  return start.startsWith("{") || start.startsWith("[") ? fromJson(start, hz) : fromCsv(start, hz);
}

function fromJson(text: string, hz: number | null): Waveform | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (Array.isArray(value)) return made(value, hz, null);
  const { samples, sampling_hz: said, unit } = (value ?? {}) as Record<string, unknown>;
  return Array.isArray(samples) ? made(samples, typeof said === "number" ? said : hz, unit) : null;
}

/** One sample a line, or its second and its value; a first line of words names them. */
function fromCsv(text: string, hz: number | null): Waveform | null {
  const [first = "", ...rest] = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  const hasHead = first.split(/[,;\t]/).some((cell) => cell.trim() === "" || Number.isNaN(Number(cell)));
  const rows = (hasHead ? rest : [first, ...rest]).map((line) => line.split(/[,;\t]/).map(Number));
  const width = rows[0]?.length ?? 0;
  if (width < 1 || width > 2) return null;
  const unit = hasHead ? /\b(mV|uV|µV|V)\b/i.exec(first.replaceAll("_", " "))?.[1] : null;
  const samples = rows.map((row) => row[width - 1]);
  return made(samples, width === 2 ? rateOf(rows.map((row) => row[0] ?? NaN)) : hz, unit);
}

function rateOf(seconds: number[]): number | null {
  const span = (seconds.at(-1) ?? NaN) - (seconds[0] ?? NaN);
  return span > 0 ? (seconds.length - 1) / span : null;
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

function made(values: unknown[], hz: number | null, unit: unknown): Waveform | null {
  const isDrawable = values.length > 1 && hz !== null && Number.isFinite(hz) && hz > 0;
  if (!isDrawable || !values.every(isNumber)) return null;
  const factor = typeof unit === "string" ? IN_MILLIVOLTS[unit.toLowerCase()] : undefined;
  const samples = Float32Array.from(values, (value) => value * (factor ?? 1));
  return { samples, hz, unit: factor === undefined ? null : "mV" };
}

export const lengthOf = ({ samples, hz }: Waveform) => samples.length / hz;

export interface Slice {
  /** Seconds. */
  from: number;
  to: number;
}

/** The part in sight when it begins at `from`: within the ends, as long as the window or as all there is. */
export function sliceAt(from: number, window: number, total: number): Slice {
  const begin = Math.max(0, Math.min(from, total - window));
  return { from: begin, to: Math.min(begin + window, total) };
}

/** Where a key leads; undefined: not our key. */
export function moveTo(key: string, { from, to }: Slice, total: number): number | undefined {
  const window = to - from;
  const steps: Record<string, number> = { ArrowLeft: from - 1, ArrowRight: from + 1, PageUp: from - window, PageDown: from + window, Home: 0, End: total };
  const next = steps[key];
  return next === undefined ? undefined : sliceAt(next, window, total).from;
}

/** The lowest and highest of all samples. */
export function extremesOf(samples: Float32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of samples) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return [low, high];
}
