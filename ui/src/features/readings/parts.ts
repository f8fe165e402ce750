// One reading in words: the large value, the small ones beside it, and what is doubtful about it. Pure.
import type { IntlShape } from "react-intl";
import type { Kind, LatestValue, ReadingItem } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { KINDS } from "~/lib/kinds";
import { metricLabel, metricOf, shown, type Shown } from "~/lib/metrics";
import type { LatestMap } from "~/lib/readings";
import { say, type MessageId } from "~/lib/text";
import type { Units } from "~/lib/units";

export interface Part extends Shown {
  name: string;
  label: string;
}

export function part(intl: IntlShape, units: Units, name: string, readings: Record<string, unknown>): Part | null {
  const value = shown(intl, units, name, readings);
  return value && { name, label: metricLabel(intl, name), ...value };
}

/** The large value of a reading and the small ones beside it; null when the reading is of another kind. */
export function partsOf(intl: IntlShape, units: Units, kind: Kind, readings: Record<string, unknown>): { main: Part; beside: Part[] } | null {
  const view = KIND_VIEWS[kind];
  const main = view.main.map((name) => part(intl, units, name, readings)).find((one) => one !== null);
  if (!main) return null;
  const beside = view.beside
    .filter((name) => name !== main.name)
    .map((name) => part(intl, units, name, readings))
    .filter((one) => one !== null)
    .filter((one) => !(one.name === "irregular_heartbeat" && readings.irregular_heartbeat !== true));
  return { main, beside };
}

/** A reading by the first kind that it is of, where no kind is asked for. */
export function wholeOf(intl: IntlShape, units: Units, readings: Record<string, unknown>): ReturnType<typeof partsOf> {
  return KINDS.map((kind) => partsOf(intl, units, kind, readings)).find((parts) => parts !== null) ?? null;
}

/** The newest of a kind out of the latest values: one moment, never values of two moments mixed. */
export function latestOf(latest: LatestMap, kind: Kind): { at: string; id: string; readings: Record<string, unknown> } | null {
  const mine = Object.entries(latest).filter(([name]) => metricOf(name)?.kind === kind);
  const view = KIND_VIEWS[kind];
  const heads = mine.filter(([name]) => view.main.some((main) => main.split(".")[0] === name.split(".")[0]));
  const newest = heads.reduce<LatestValue | null>(
    (best, [, value]) => (best && Date.parse(best.timestamp) >= Date.parse(value.timestamp) ? best : value),
    null,
  );
  if (!newest) return null;
  const readings = Object.fromEntries(mine.filter(([, one]) => one.id === newest.id).map(([name, one]) => [name, one.value]));
  return { at: newest.timestamp, id: newest.id, readings };
}

export function notesOf(intl: IntlShape, item: ReadingItem): string[] {
  const notes: MessageId[] = [];
  if (item.meta.recording_method === "manual") notes.push("dash.byHand");
  if (item.meta.ambiguous_user === true) notes.push("dash.someoneElse");
  if (item.meta.clock_suspect === true) notes.push("dash.clockSuspect");
  if (item.readings.irregular_heartbeat === true) notes.push("value.irregular");
  return notes.map((id) => say(intl, id));
}
