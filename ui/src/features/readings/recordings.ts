// Recordings among the readings: a sound or a trace that is kept as a file. Pure.
import type { ReadingItem } from "~/lib/api-types";
import { valueAt } from "~/lib/metrics";
import type { Mark } from "./marks";

export type RecordingKind = "sound" | "trace";

export interface Recording {
  kind: RecordingKind;
  uploadId: string;
  reading: ReadingItem;
}

const NAMES: Record<RecordingKind, string> = { sound: "stethoscope_audio_url", trace: "ecg.waveform_url" };

/** Newest first. An object's address ends with the id of its upload. */
export function recordingsOf(marks: readonly Mark[]): Recording[] {
  const found = marks.flatMap(({ reading }) =>
    reading
      ? (Object.keys(NAMES) as RecordingKind[]).flatMap((kind): Recording[] => {
          const uploadId = idOf(valueAt(reading.readings, NAMES[kind]));
          return uploadId ? [{ kind, uploadId, reading }] : [];
        })
      : [],
  );
  return found.reverse();
}

function idOf(address: unknown): string | undefined {
  return typeof address === "string" ? address.split("/").at(-1) : undefined;
}

/** "0:07", "12:30". */
export function clockOf(seconds: number): string {
  const whole = Math.max(Math.floor(seconds), 0);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
