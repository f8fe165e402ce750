// A small "Live" beside a heading, from the connection itself and never guessed from data.
import { useLiveState } from "~/lib/live";
import { useText } from "~/lib/text";
import styles from "./live-mark.module.css";

export function LiveMark() {
  const t = useText();
  const { phase } = useLiveState();
  if (phase !== "live") return null;
  return (
    <span className={styles.live}>
      <span className={styles.dot} aria-hidden="true" />
      {t("live.on")}
    </span>
  );
}
