// Battery as icon and words. An unknown charge shows nothing, never 0 %.
import { useIntl } from "react-intl";
import { useText } from "~/lib/text";
import styles from "./battery.module.css";
import { Icon } from "./icon";

const LOW = 20;

export function Battery({ percent }: { percent: number | null }) {
  const t = useText();
  const intl = useIntl();
  if (percent === null) return null;
  const level = intl.formatNumber(percent / 100, { style: "percent", maximumFractionDigits: 0 });
  if (percent < LOW) {
    return (
      <span className={styles.low}>
        <Icon name="warn" size={18} />
        {t("battery.low", { percent: level })}
      </span>
    );
  }
  return (
    <span className={`${styles.battery} number`}>
      <svg width="24" height="14" viewBox="0 0 24 14" aria-hidden="true" focusable="false">
        <rect x="0.75" y="1.25" width="20" height="11.5" rx="3" className={styles.case} />
        <path d="M22.5 5v4" className={styles.case} />
        <rect x="3" y="3.5" width={(15.5 * percent) / 100} height="7" rx="1.5" className={styles.charge} />
      </svg>
      <span className="visually-hidden">{t("battery.level", { percent: level })}</span>
      <span aria-hidden="true">{level}</span>
    </span>
  );
}
