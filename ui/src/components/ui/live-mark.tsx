// A small "Live" beside a heading, from the connection itself and never guessed from data.
import { useLiveState } from "~/lib/live";
import { useText } from "~/lib/text";
import styles from "./live-mark.module.css";

export function LiveMark() {
  const t = useText();
  const { phase } = useLiveState();
  // Its place is kept, so that nothing below moves when it comes.
  if (phase !== "live") return <span className={`${styles.live} ${styles.off}`} data-text={t("live.on")} aria-hidden="true" />;
  return (
    <span className={styles.live}>
      <span className={styles.dot} aria-hidden="true" />
      {t("live.on")}
    </span>
  );
}
