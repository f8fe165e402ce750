// What somebody may see and until when: the same questions when sharing begins and when it is changed.
import { useState } from "react";
import { useIntl } from "react-intl";
import { DayField } from "~/components/ui/day-field";
import { Notice } from "~/components/ui/notice";
import { Segments } from "~/components/ui/segments";
import { SwitchRow } from "~/components/ui/switch-row";
import type { Connection, Kind } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { dayOf, isDay } from "~/lib/days";
import { useText } from "~/lib/text";
import { choicesOf, ENDS, lastDay, sourcesOf, untilOf, type End } from "../view";
import { useDayText } from "./day-text";
import styles from "./sharing.module.css";

export interface Wish {
  kinds: Kind[];
  until: string | null;
}

/** The form's state, and its answer: null while something is missing, which it then says. */
export function useTerms(zone: string, before: Wish | null) {
  const now = useNow();
  const [kinds, setKinds] = useState<readonly Kind[]>(before?.kinds ?? []);
  const [end, setEnd] = useState<End>(before?.until ? "kept" : "open");
  const [day, setDay] = useState("");
  const [isAsked, setAsked] = useState(false);
  const isPast = end === "day" && (!isDay(day) || day < dayOf(now, zone));
  const answer = (): Wish | null => {
    setAsked(true);
    if (kinds.length === 0 || isPast) return null;
    return { kinds: [...kinds], until: end === "kept" ? (before?.until ?? null) : untilOf(end, day, now, zone) };
  };
  const faults = { kinds: isAsked && kinds.length === 0, day: isAsked && isPast };
  return { kinds, setKinds, end, setEnd, day, setDay, faults, answer, before, now, zone };
}

export function Terms({ terms, connections }: { terms: ReturnType<typeof useTerms>; connections: readonly Connection[] }) {
  const t = useText();
  const intl = useIntl();
  const [{ sent, unsent }] = useState(() => choicesOf(connections, terms.kinds));
  const row = (kind: Kind) => {
    const devices = sourcesOf([kind], connections);
    return (
      <li key={kind}>
        <SwitchRow
          title={t(`kind.${kind}`)}
          text={devices.length > 0 ? t("sharing.from", { devices: intl.formatList(devices) }) : undefined}
          isSelected={terms.kinds.includes(kind)}
          onChange={(on) => terms.setKinds(on ? [...terms.kinds, kind] : terms.kinds.filter((one) => one !== kind))}
        />
      </li>
    );
  };
  return (
    <>
      <section className={styles.part}>
        <h3>{t("sharing.what.kinds")}</h3>
        <p className={styles.muted}>{t("sharing.what.kinds.text")}</p>
        <ul className={styles.switches}>{sent.map(row)}</ul>
        {unsent.length > 0 ? (
          <details className={styles.more} open={sent.length === 0}>
            <summary>{t("sharing.what.more")}</summary>
            <ul className={styles.switches}>{unsent.map(row)}</ul>
          </details>
        ) : null}
        <div role="alert">{terms.faults.kinds ? <Notice tone="info">{t("sharing.what.none")}</Notice> : null}</div>
      </section>
      <Ends terms={terms} />
      <p className={styles.muted}>{t("sharing.what.log")}</p>
    </>
  );
}

function Ends({ terms }: { terms: ReturnType<typeof useTerms> }) {
  const t = useText();
  const dayText = useDayText();
  const { before, end, now, zone } = terms;
  const choices = (before?.until ? (["kept", ...ENDS] as const) : ENDS).map((id) => ({ id, text: t(`sharing.end.${id}`) }));
  const last = end === "kept" && before?.until ? dayOf(Date.parse(before.until) - 1, zone) : lastDay(end, "", now, zone);
  return (
    <section className={styles.part}>
      <Segments<End> look="chips" label={t("sharing.end")} value={end} onChange={terms.setEnd} choices={choices} />
      {end === "day" ? (
        <DayField
          label={t("sharing.end.last")}
          min={dayOf(now, zone)}
          value={terms.day}
          onChange={terms.setDay}
          error={terms.faults.day ? t("sharing.end.past") : undefined}
        />
      ) : null}
      {last ? <p className={styles.muted}>{t("sharing.until", { day: dayText(last) })}</p> : null}
    </section>
  );
}
