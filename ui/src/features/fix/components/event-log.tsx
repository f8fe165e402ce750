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
  if (events.length === 0) return <p className={styles.muted}>{t("fix.log.empty")}</p>;
  return (
    <ol className={styles.log}>
      {events.map((event) => {
        const advice = eventAdvice(event);
        const check = advice && checkOf(advice);
        return (
          <li key={event.id}>
            <span>{t(eventWords(event), { count: 1 })}</span>{" "}
            <span className={styles.muted}>
              <Moment at={event.at} />
            </span>{" "}
            {check && open.has(check) ? <a href={`#${anchor(check)}`}>{t("fix.log.todo")}</a> : null}
          </li>
        );
      })}
    </ol>
  );
}
