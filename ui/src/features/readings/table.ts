// The data of a chart as columns of words: the table on the screen and the one on paper show the same. Pure.
import type { IntlShape } from "react-intl";
import type { Kind, ReadingItem } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { metricLabel, scaleOf, shown, shownText, unitText } from "~/lib/metrics";
import { say } from "~/lib/text";
import { numberText, type Units } from "~/lib/units";
import { areDays, daysTable } from "./daily";
import { meanPressure, rangeText } from "./describe";
import { beyondOf, extentOf, type Mark } from "./marks";
import { notesOf } from "./parts";

const NONE = "–";

export interface Row {
  key: string;
  mark: Mark;
  cells: string[];
}

export interface Table {
  heads: string[];
  /** The last column holds sentences. */
  hasNotes?: boolean;
  row: (mark: Mark) => Row;
}

/** A column that the readings themselves do not have. */
export interface Column {
  head: string;
  cell: (mark: Mark) => string | null;
}

/** What stands beside a reading as a note. */
export type NotesOf = (item: ReadingItem) => string[];

interface TableOf {
  kind: Kind;
  metric: string;
  marks: readonly Mark[];
  notes?: NotesOf;
  more?: readonly Column[];
}

export function tableOf(intl: IntlShape, units: Units, { kind, metric, marks, notes = (item) => notesOf(intl, item), more = [] }: TableOf): Table {
  if (areDays(kind, marks)) return daysTable(intl, units, kind, marks);
  if (!marks.some((mark) => mark.rollup)) return noted(widened(singles(intl, units, kind, marks), more), say(intl, "table.note"), marks, notes);
  return widened(KIND_VIEWS[kind].drawing === "pressure" ? pressures(intl, units) : rollups(intl, units, metric), more);
}

function widened(table: Table, more: readonly Column[]): Table {
  if (more.length === 0) return table;
  return {
    heads: [...table.heads, ...more.map(({ head }) => head)],
    row: (mark) => rowOf(mark, [...table.row(mark).cells, ...more.map(({ cell }) => cell(mark) ?? NONE)]),
  };
}

/** With the notes of each reading in a last column, where one has any. */
function noted(table: Table, head: string, marks: readonly Mark[], notesOf: NotesOf): Table {
  if (!marks.some((mark) => mark.reading && notesOf(mark.reading).length > 0)) return table;
  return {
    heads: [...table.heads, head],
    hasNotes: true,
    row: (mark) => rowOf(mark, [...table.row(mark).cells, mark.reading ? notesOf(mark.reading).join(", ") : ""]),
  };
}

const rowOf = (mark: Mark, cells: string[]): Row => ({ key: mark.reading?.id ?? String(mark.at), mark, cells });

function rollups(intl: IntlShape, units: Units, metric: string): Table {
  const { unit, precision, convert } = scaleOf(metric, units);
  const text = (value: number | null | undefined) =>
    value === null || value === undefined ? NONE : `${numberText(intl, convert(value), precision)} ${unitText(intl, unit, convert(value))}`.trim();
  return {
    heads: (["table.lowest", "table.average", "table.highest", "table.count"] as const).map((id) => say(intl, id)),
    row: (mark) => {
      if (mark.reading) {
        const value = shown(intl, units, metric, mark.reading.readings);
        const one = value ? shownText(value) : NONE;
        return rowOf(mark, [one, one, one, "1"]);
      }
      const point = mark.rollup?.[metric];
      const { low, high } = beyondOf(mark);
      const lowest = low > 0 ? say(intl, "value.glucose.low") : text(point?.min);
      const highest = high > 0 ? say(intl, "value.glucose.high") : text(point?.max);
      return rowOf(mark, [lowest, text(point?.mean), highest, intl.formatNumber((point?.count ?? 0) + low + high)]);
    },
  };
}

/** Upper and lower values have a column each: a lowest of one beside a lowest of the other would be nobody's pressure. */
function pressures(intl: IntlShape, units: Units): Table {
  const names = KIND_VIEWS.blood_pressure.charted;
  const [upper = "", , pulse = ""] = names;
  const range = (mark: Mark, name: string) => {
    const extent = extentOf([mark], name);
    return extent ? `${rangeText(intl, extent)} ${unitText(intl, scaleOf(name, units).unit)}` : NONE;
  };
  return {
    heads: [say(intl, "table.uppers"), say(intl, "table.lowers"), say(intl, "table.average"), metricLabel(intl, pulse), say(intl, "table.measurements")],
    row: (mark) => {
      const single = mark.reading && shown(intl, units, "blood_pressure", mark.reading.readings);
      const mean = single ? shownText(single) : (meanPressure(intl, mark) ?? NONE);
      const [uppers = NONE, lowers = NONE, pulses = NONE] = names.map((name) => range(mark, name));
      return rowOf(mark, [uppers, lowers, mean, pulses, intl.formatNumber(extentOf([mark], upper)?.count ?? 0)]);
    },
  };
}

function singles(intl: IntlShape, units: Units, kind: Kind, marks: readonly Mark[]): Table {
  const view = KIND_VIEWS[kind];
  const names = [...new Set([...view.main, ...view.beside])]
    .filter((name) => name !== "irregular_heartbeat")
    .filter((name) => marks.some((mark) => mark.reading && shown(intl, units, name, mark.reading.readings)));
  return {
    heads: names.map((name) => metricLabel(intl, name)),
    row: (mark) => {
      const cells = names.map((name) => {
        const value = shown(intl, units, name, mark.reading?.readings ?? {});
        return value ? shownText(value) : NONE;
      });
      return rowOf(mark, cells);
    },
  };
}
