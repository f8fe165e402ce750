// What other people share with the reader, and how to ask when nobody does.
import { LinkButton } from "~/components/ui/button";
import { Notice } from "~/components/ui/notice";
import type { Permission } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { sharersOf } from "~/lib/received";
import { useText } from "~/lib/text";
import { lastMoment, useDayText } from "./day-text";
import { KindChips } from "./kind-chips";
import styles from "./sharing.module.css";

/** `hasPage`: whether the reader's Devices page is of what others share. */
export function Received({ received, hasPage }: { received: readonly Permission[]; hasPage: boolean }) {
  const t = useText();
  const dayText = useDayText();
  const sharers = sharersOf(received, useNow());
  if (sharers.length === 0) {
    return (
      <Notice title={t("sharing.received.none")} icon="lock">
        <p>{t("sharing.received.ask")}</p>
      </Notice>
    );
  }
  return (
    <ul className={styles.list}>
      {sharers.map(({ id, name, kinds, until }) => (
        <li key={id} className={styles.card}>
          <h3 className={styles.name}>{name}</h3>
          <KindChips label={t("sharing.sees")} kinds={kinds} />
          {until ? <p className={styles.muted}>{t("sharing.until", { day: dayText(lastMoment(until)) })}</p> : null}
          {hasPage ? (
            <div className={styles.actions}>
              <LinkButton to="/devices">{t("shared.to", { name })}</LinkButton>
            </div>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
