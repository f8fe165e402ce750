// The chart's data as a table: always reachable, the same rows.
// Rows that become cards are no longer table boxes, and some browsers then forget what they are: each says its role.
/* oxlint-disable jsx-a11y/no-redundant-roles, jsx-a11y/no-interactive-element-to-noninteractive-role */
import { useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import type { Kind, ReadingItem } from "~/lib/api-types";
import { useText, useWord } from "~/lib/text";
import { HOUR } from "~/lib/time";
import type { Units } from "~/lib/units";
import { whenText } from "../describe";
import type { Mark } from "../marks";
import { notesOf } from "../parts";
import { tableOf, type Column } from "../table";
import { useAlso } from "../use-also";
import styles from "./readings-table.module.css";

const STEP = 50;

interface TableProps {
  patientId: string;
  marks: readonly Mark[];
  kind: Kind;
  metric: string;
  units: Units;
  timeZone: string;
  isZoneNamed: boolean;
  now: number;
  more: readonly Column[];
}

export function ReadingsTable({ patientId, marks, kind, metric, units, timeZone, isZoneNamed, now, more }: TableProps) {
  const t = useText();
  const word = useWord();
  const intl = useIntl();
  const [count, setCount] = useState(STEP);
  const newestFirst = [...marks].reverse();
  const visible = newestFirst.slice(0, count);
  // Whole hours, so that a value that comes in does not ask for all of them again.
  const oldest = visible.at(-1);
  const also = useAlso({ patientId, kind, from: oldest?.reading ? Math.floor(oldest.at / HOUR) * HOUR : null }, { now, timeZone, isZoneNamed });
  const notes = (item: ReadingItem) => [...notesOf(intl, item), also(item.id) ?? []].flat();
  const { heads, hasNotes, row } = tableOf(intl, units, { kind, metric, marks, notes, more });

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
                  <td key={heads[index]} role="cell" className={hasNotes && index === cells.length - 1 ? styles.note : undefined}>
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
