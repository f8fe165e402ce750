// One of the three steps: which it is, how far it is, and, for those who listen, its quarters.
import { useIntl } from "react-intl";
import { Progress } from "~/components/ui/progress";
import { useText } from "~/lib/text";
import { quarter } from "../view";
import styles from "./history.module.css";

interface StepProps {
  step: 1 | 2 | 3;
  what: string;
  /** 0 to 1; null where nobody knows. */
  share: number | null;
  detail: string;
}

export function StepProgress({ step, what, share, detail }: StepProps) {
  const t = useText();
  const intl = useIntl();
  const percent = (part: number) => intl.formatNumber(part, { style: "percent", maximumFractionDigits: 0 });
  return (
    <div className={styles.part}>
      <p role="status" className="visually-hidden">
        {share === null ? what : t("history.said", { what, percent: percent(quarter(share)) })}
      </p>
      <p className={styles.muted}>{t("history.step.of", { step })}</p>
      <h2>{what}</h2>
      {share === null ? null : <Progress label={what} share={share} />}
      <p className={`${styles.muted} number`}>{detail}</p>
    </div>
  );
}
