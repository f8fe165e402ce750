// The newest value of a kind, large: number, unit, time, source. A value never stands alone.
import { useIntl } from "react-intl";
import { Age, Moment } from "~/components/ui/age";
import { Card } from "~/components/ui/card";
import { Icon } from "~/components/ui/icon";
import { Say } from "~/components/ui/say";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Kind, ReadingItem } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useZone } from "~/lib/me";
import type { LatestMap } from "~/lib/readings";
import { useText, useWord } from "~/lib/text";
import type { Units } from "~/lib/units";
import { whenText } from "../describe";
import { latestOf, notesOf, partsOf } from "../parts";
import { changeTexts } from "../trend";
import { useAlso } from "../use-also";
import { useLastDay } from "../use-last-day";
import { useTrend } from "../use-trend";
import styles from "./latest-card.module.css";

interface LatestCardProps {
  patientId: string;
  connectionId: string;
  latest: LatestMap;
  newest: readonly ReadingItem[];
  kind: Kind;
  units: Units;
  source: string;
  isStale: boolean;
}

export function LatestCard({ patientId, connectionId, latest, newest, kind, units, source, isStale }: LatestCardProps) {
  const t = useText();
  const word = useWord();
  const intl = useIntl();
  const { zone, isNamed } = useZone();
  const head = latestOf(latest, kind);
  const at = head ? Date.parse(head.at) : null;
  const clock = { now: useNow(), timeZone: zone, isZoneNamed: isNamed };
  const also = useAlso({ patientId, kind, from: at, to: at ?? undefined }, clock);
  const { trend, isPending } = useTrend({ patientId, connectionId, kind });
  // The steps of a minute say little: what the day came to does.
  const { day, isPending: isAddingUp } = useLastDay({ patientId, connectionId, kind });
  const parts = head && partsOf(intl, units, kind, day?.readings ?? head.readings);
  if (!head || !parts) return null;
  const item = newest.find((one) => one.id === head.id);
  const notes = [...(item ? notesOf(intl, item) : []), also(head.id) ?? []].flat();

  return (
    <Card labelledBy="latest">
      <div className={styles.latest}>
        <h2 id="latest" className={styles.heading}>
          {t("dash.latest")}
          <span className={styles.kind}>{word("kind", kind)}</span>
        </h2>
        {isAddingUp ? (
          <Loading>
            <Skeleton height={46} />
          </Loading>
        ) : (
          // Keyed by the reading: a new one slides in, an unchanged one stays still.
          <p key={day ? parts.main.number : head.id} className={`${styles.value} number`}>
            <bdi>
              <span className={styles.number}>{parts.main.number}</span> <span className={styles.unit}>{parts.main.unit}</span>
            </bdi>
          </p>
        )}
        {day ? <p>{day.mark.isSoFar ? t("days.today") : whenText(intl, day.mark, clock)}</p> : null}
        <Changes texts={changeTexts(intl, units, trend, Date.parse(head.at))} isPending={isPending} />
        <dl className={styles.beside}>
          {(isAddingUp ? [] : parts.beside)
            .filter((part) => part.name !== "irregular_heartbeat")
            .map((part) => (
              <div key={part.name}>
                <dt>{part.label}</dt>
                <dd className="number">
                  <bdi>
                    {part.number} {part.unit}
                  </bdi>
                </dd>
              </div>
            ))}
        </dl>
        <p className={styles.when}>
          <Moment at={head.at} />
          <span aria-hidden="true">·</span>
          <span className={isStale ? styles.old : undefined}>
            <Age at={head.at} />
          </span>
        </p>
        <p className={styles.source}>
          <Say id="dash.from" values={{ name: source }} />
        </p>
        {notes.length > 0 ? (
          <ul className={styles.notes}>
            {notes.map((note) => (
              <li key={note}>
                <Icon name="info" size={18} />
                {note}
              </li>
            ))}
          </ul>
        ) : null}
      </div>
    </Card>
  );
}

/** How the value differs from earlier ones, where something was measured then. */
function Changes({ texts, isPending }: { texts: readonly string[]; isPending: boolean }) {
  const t = useText();
  if (isPending) {
    return (
      <Loading>
        <Skeleton height={76} />
      </Loading>
    );
  }
  if (texts.length === 0) return null;
  return (
    <div className={styles.changes}>
      <ul className="number">
        {texts.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <p className={styles.source}>{t("trend.how")}</p>
    </div>
  );
}
