// The last events in words. What can still be done about one is above, among the checks; the log leads there.
import { Moment } from "~/components/ui/age";
import type { ConnectionEvent } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { checkOf, eventAdvice, eventWords } from "../causes";
import type { CheckId } from "../checks";
import { anchor } from "./check-list";
import styles from "./fix.module.css";

export function EventLog({ events, open }: { events: readonly ConnectionEvent[]; open: ReadonlySet<CheckId> }) {
  const t = useText();
  const checks = events.map((event) => {
    const advice = eventAdvice(event);
    return advice && checkOf(advice);
  });
  if (events.length === 0) return <p className={styles.muted}>{t("fix.log.empty")}</p>;
  return (
    <ol className={styles.log}>
      {events.map((event, index) => {
        const check = checks[index];
        // The way to the advice stands once, at the newest event that it is about.
        const leads = check && open.has(check) && checks.indexOf(check) === index;
        return (
          <li key={event.id}>
            <span>{t(eventWords(event), { count: 1 })}</span>{" "}
            <span className={styles.muted}>
              <Moment at={event.at} />
            </span>{" "}
            {leads ? <a href={`#${anchor(check)}`}>{t("fix.log.todo")}</a> : null}
          </li>
        );
      })}
    </ol>
  );
}
