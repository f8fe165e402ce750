// One day of the log: the people, and in sentences what each of them did. Drawn again only when it has grown.
import { memo } from "react";
import { Badge } from "~/components/ui/badge";
import { Icon } from "~/components/ui/icon";
import type { AuditEvent } from "~/lib/api-types";
import { useText } from "~/lib/text";
import type { Day, PersonDay, Visit } from "../fold";
import { isEmergency } from "../sentence";
import { useRole, useVisitTime } from "../words";
import styles from "./log.module.css";

interface DayProps {
  day: Day;
  title: string;
  own: string;
  sentence: (event: AuditEvent) => string;
  onUnknown: (event: AuditEvent) => void;
}

export const DayOfLog = memo(function DayOfLog({ day, title, own, sentence, onUnknown }: DayProps) {
  const id = `day-${day.day}`;
  return (
    <section className={styles.day} aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      <ul className={styles.people}>
        {day.people.map((person) => (
          <Person key={person.id} person={person} isSelf={person.id === own} sentence={sentence} onUnknown={onUnknown} />
        ))}
      </ul>
    </section>
  );
});

interface PersonProps {
  person: PersonDay;
  isSelf: boolean;
  sentence: (event: AuditEvent) => string;
  onUnknown: (event: AuditEvent) => void;
}

function Person({ person: { name, role, isSystem, visits }, isSelf, sentence, onUnknown }: PersonProps) {
  const t = useText();
  const roleWord = useRole();
  const newest = visits[0]!.event;
  return (
    <li className={styles.person}>
      <div className={styles.head}>
        <h3>{isSelf ? t("log.you") : name}</h3>
        {isSelf ? null : <span className={styles.role}>{roleWord(role)}</span>}
      </div>
      <ul className={styles.visits}>
        {visits.map((visit) => (
          <Line key={visit.event.id} visit={visit} sentence={sentence} />
        ))}
      </ul>
      {isSelf || isSystem ? null : (
        <button type="button" className={styles.unknown} aria-label={t("log.unknownOf", { name })} onClick={() => onUnknown(newest)}>
          {t("log.unknown")}
        </button>
      )}
    </li>
  );
}

function Line({ visit, sentence }: { visit: Visit; sentence: (event: AuditEvent) => string }) {
  const t = useText();
  const time = useVisitTime();
  const { event } = visit;
  const isHot = isEmergency(event);
  return (
    <li className={isHot ? styles.emergency : styles.line}>
      {isHot ? (
        <p className={styles.warning}>
          <Icon name="warn" />
          {t("log.emergency")}
        </p>
      ) : null}
      <p>{sentence(event)}</p>
      {isHot ? <p>{event.reason ? t("log.emergency.reason", { reason: event.reason }) : t("log.emergency.noReason")}</p> : null}
      {event.outcome === "allowed" ? null : (
        <Badge icon="lock" tint="warn">
          {t("log.refused")}
        </Badge>
      )}
      <p className={styles.time}>
        <time dateTime={event.at}>{time(visit)}</time>
      </p>
    </li>
  );
}
