// Readings that may be another person's, one tap each. What was answered stays in its place and says so.
import { useEffect, useRef } from "react";
import { useIntl } from "react-intl";
import { Moment } from "~/components/ui/age";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Say } from "~/components/ui/say";
import { useProblemText } from "~/components/ui/notice";
import type { ReadingItem } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useUnits, useZone } from "~/lib/me";
import { shownText } from "~/lib/metrics";
import { useText } from "~/lib/text";
import { dayText } from "~/lib/time";
import type { Answer, Choice, WhoseRow } from "../choices";
import { wholeOf } from "../parts";
import styles from "./whose-list.module.css";

interface WhoseListProps {
  rows: readonly WhoseRow[];
  sourceOf: (item: ReadingItem) => string | undefined;
  isOnline: boolean;
  onTap: (item: ReadingItem, answer: Answer) => void;
  onUndo: (id: string) => void;
}

export function WhoseList({ rows, sourceOf, ...rest }: WhoseListProps) {
  return (
    <ul className={styles.list}>
      {rows.map((row) => (
        <WhoseReading key={row.item.id} row={row} source={sourceOf(row.item)} {...rest} />
      ))}
    </ul>
  );
}

type WhoseReadingProps = Omit<WhoseListProps, "rows" | "sourceOf"> & { row: WhoseRow; source: string | undefined };

function WhoseReading({ row: { item, choice }, source, isOnline, onTap, onUndo }: WhoseReadingProps) {
  const t = useText();
  const intl = useIntl();
  const units = useUnits();
  const { zone } = useZone();
  const now = useNow();
  const parts = wholeOf(intl, units, item.readings);
  const value = parts ? shownText(parts.main) : "";
  const what = t("whose.what", { value, when: dayText(intl, Date.parse(item.timestamp), now, zone) });
  return (
    <li className={styles.row}>
      <div className={styles.reading}>
        {parts ? <p className={styles.label}>{parts.main.label}</p> : null}
        <p className={`${styles.value} number`}>
          <bdi>{value}</bdi>
        </p>
        {parts && parts.beside.length > 0 ? (
          <p className={`${styles.muted} number`}>{intl.formatList(parts.beside.map((one) => `${one.label} ${shownText(one)}`), { type: "unit" })}</p>
        ) : null}
        <p className={styles.muted}>
          <Moment at={item.timestamp} />
        </p>
        {source ? (
          <p className={styles.muted}>
            <Say id="dash.from" values={{ name: source }} />
          </p>
        ) : null}
      </div>
      <Deciding choice={choice} what={what} isOnline={isOnline} onTap={(answer) => onTap(item, answer)} onUndo={() => onUndo(item.id)} />
    </li>
  );
}

interface DecidingProps {
  choice: Choice | undefined;
  what: string;
  isOnline: boolean;
  onTap: (answer: Answer) => void;
  onUndo: () => void;
}

/** The keyboard stays at the row: on Undo after a tap, on the first answer after an undo, on the words at the end. */
function Deciding({ choice, what, isOnline, onTap, onUndo }: DecidingProps) {
  const t = useText();
  const problemText = useProblemText();
  const place = useRef<HTMLDivElement>(null);
  const phase = choice?.phase;
  const shownPhase = useRef(phase);
  useEffect(() => {
    if (shownPhase.current === phase) return;
    shownPhase.current = phase;
    if (document.activeElement !== document.body) return;
    (place.current?.querySelector("button") ?? place.current)?.focus();
  }, [phase]);
  return (
    <div ref={place} tabIndex={-1} className={styles.deciding}>
      <div role="status" className={styles.said}>
        {choice && phase !== "unsaid" ? (
          <p>
            <Icon name={choice.answer === "me" ? "check" : "slash"} size={18} />
            {t(`whose.${phase === "done" ? "done" : "held"}.${choice.answer}`)}
          </p>
        ) : null}
      </div>
      {choice && phase === "unsaid" ? (
        <p role="alert" className={styles.unsaid}>
          {t("whose.unsaid")} {problemText(choice.error)}
        </p>
      ) : null}
      <div className={styles.actions}>
        {!choice || phase === "unsaid" ? (
          <>
            <Button onPress={() => onTap("me")} isDisabled={!isOnline} aria-label={t("whose.meOf", { what })}>
              {t("whose.me")}
            </Button>
            <Button onPress={() => onTap("not_me")} isDisabled={!isOnline} aria-label={t("whose.notMeOf", { what })}>
              {t("whose.notMe")}
            </Button>
          </>
        ) : null}
        {phase === "held" ? (
          <Button onPress={onUndo} aria-label={t("whose.undoOf", { what })}>
            {t("whose.undo")}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
