// The chart's data as a table: always reachable, the same rows.
// Rows that become cards are no longer table boxes, and some browsers then forget what they are: each says its role.
/* oxlint-disable jsx-a11y/no-redundant-roles, jsx-a11y/no-interactive-element-to-noninteractive-role */
import { useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import type { Kind } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { metricLabel, scaleOf, shown, shownText } from "~/lib/metrics";
import { useText, useWord } from "~/lib/text";
import { numberText, type Units } from "~/lib/units";
import { meanPressure, notesOf, rangeText, whenText } from "../describe";
import { beyondOf, extentOf, type Mark } from "../marks";
import styles from "./readings-table.module.css";

const STEP = 50;
const NONE = "–";

interface TableProps {
  marks: readonly Mark[];
  kind: Kind;
  metric: string;
  units: Units;
  timeZone: string;
  isZoneNamed: boolean;
  now: number;
}

interface Row {
  key: string;
  mark: Mark;
  cells: string[];
}

export function ReadingsTable({ marks, kind, metric, units, timeZone, isZoneNamed, now }: TableProps) {
  const t = useText();
  const word = useWord();
  const intl = useIntl();
  const [count, setCount] = useState(STEP);
  const newestFirst = [...marks].reverse();
  const isRollup = marks.some((mark) => mark.rollup);
  const isPressure = KIND_VIEWS[kind].drawing === "pressure";
  const { heads, row } = !isRollup ? singleColumns(kind) : isPressure ? pressureColumns() : rollupColumns(metric);
  const visible = newestFirst.slice(0, count);

  function rollupColumns(metric: string) {
    const { unit, precision, convert } = scaleOf(metric, units);
    const text = (value: number | null | undefined) =>
      value === null || value === undefined ? NONE : `${numberText(intl, convert(value), precision)} ${unit}`.trim();
    return {
      heads: [t("table.lowest"), t("table.average"), t("table.highest"), t("table.count")],
      row: (mark: Mark): Row => {
        if (mark.reading) {
          const value = shown(intl, units, metric, mark.reading.readings);
          const one = value ? shownText(value) : NONE;
          return { key: mark.reading.id, mark, cells: [one, one, one, "1"] };
        }
        const point = mark.rollup?.[metric];
        const { low, high } = beyondOf(mark);
        const lowest = low > 0 ? t("value.glucose.low") : text(point?.min);
        const highest = high > 0 ? t("value.glucose.high") : text(point?.max);
        const count = intl.formatNumber((point?.count ?? 0) + low + high);
        return { key: String(mark.at), mark, cells: [lowest, text(point?.mean), highest, count] };
      },
    };
  }

  /** Upper and lower values have a column each: a lowest of one beside a lowest of the other would be nobody's pressure. */
  function pressureColumns() {
    const [upper = "", , pulse = ""] = KIND_VIEWS.blood_pressure.charted;
    const range = (mark: Mark, name: string) => {
      const extent = extentOf([mark], name);
      return extent ? `${rangeText(intl, extent)} ${scaleOf(name, units).unit}` : NONE;
    };
    return {
      heads: [t("table.uppers"), t("table.lowers"), t("table.average"), metricLabel(intl, pulse), t("table.measurements")],
      row: (mark: Mark): Row => {
        const single = mark.reading && shown(intl, units, "blood_pressure", mark.reading.readings);
        const mean = single ? shownText(single) : (meanPressure(intl, mark) ?? NONE);
        const [uppers = NONE, lowers = NONE, pulses = NONE] = KIND_VIEWS.blood_pressure.charted.map((name) => range(mark, name));
        const count = intl.formatNumber(extentOf([mark], upper)?.count ?? 0);
        return { key: mark.reading?.id ?? String(mark.at), mark, cells: [uppers, lowers, mean, pulses, count] };
      },
    };
  }

  function singleColumns(kind: Kind) {
    const view = KIND_VIEWS[kind];
    const names = [...new Set([...view.main, ...view.beside])]
      .filter((name) => name !== "irregular_heartbeat")
      .filter((name) => marks.some((mark) => mark.reading && shown(intl, units, name, mark.reading.readings)));
    const withNotes = marks.some((mark) => mark.reading && notesOf(intl, mark.reading).length > 0);
    return {
      heads: [...names.map((name) => metricLabel(intl, name)), ...(withNotes ? [t("table.note")] : [])],
      row: (mark: Mark): Row => {
        const readings = mark.reading?.readings ?? {};
        const cells = names.map((name) => {
          const value = shown(intl, units, name, readings);
          return value ? shownText(value) : NONE;
        });
        const notes = mark.reading ? notesOf(intl, mark.reading).join(", ") : "";
        return { key: mark.reading?.id ?? String(mark.at), mark, cells: withNotes ? [...cells, notes] : cells };
      },
    };
  }

  const caption = t("table.caption", { kind: word("kind", kind) });
  return (
    <div className={styles.wrap}>
      {/* Longer than its place sometimes: the region scrolls, and a keyboard can reach it. Where columns have no room
          each row is a card with every value and its name. */}
      <div className={styles.scroll} tabIndex={0} role="region" aria-label={caption}>
        <table className={styles.table} role="table">
          <caption className="visually-hidden">{caption}</caption>
          <thead role="rowgroup">
            <tr role="row">
              <th scope="col" role="columnheader">
                {t("table.time")}
              </th>
              {heads.map((head) => (
                <th scope="col" role="columnheader" key={head}>
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody className="number" role="rowgroup">
            {visible.map(row).map(({ key, mark, cells }) => (
              <tr key={key} role="row">
                <th scope="row" role="rowheader">
                  <time dateTime={new Date(mark.at).toISOString()}>{whenText(intl, mark, { now, timeZone, isZoneNamed })}</time>
                </th>
                {cells.map((cell, index) => (
                  <td key={heads[index]} role="cell">
                    <span className={styles.name} aria-hidden="true">
                      {heads[index]}
                    </span>
                    {cell}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {newestFirst.length > count ? (
        <Button look="quiet" onPress={() => setCount(count + STEP)}>
          {t("table.more", { count: Math.min(STEP, newestFirst.length - count) })}
        </Button>
      ) : null}
    </div>
  );
}
