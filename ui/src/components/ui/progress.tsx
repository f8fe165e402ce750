// A bar that fills. It is not read out step by step: who shows it says the quarters.
import { useIntl } from "react-intl";
import styles from "./progress.module.css";

export function Progress({ label, share }: { label: string; share: number }) {
  const intl = useIntl();
  return (
    <div
      className={styles.track}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(share * 100)}
      aria-valuetext={intl.formatNumber(share, { style: "percent", maximumFractionDigits: 0 })}
    >
      <span className={styles.bar} style={{ inlineSize: `${share * 100}%` }} />
    </div>
  );
}
