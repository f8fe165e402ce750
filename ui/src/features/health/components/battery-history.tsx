// The battery of the last thirty days as one line and one sentence that says the same.
import { useQuery } from "@tanstack/react-query";
import { useIntl } from "react-intl";
import { Skeleton } from "~/components/ui/skeleton";
import type { Connection } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useZone } from "~/lib/me";
import { useText } from "~/lib/text";
import { dayText } from "~/lib/time";
import { historyQuery } from "../api/health";
import { batteriesOf, linePath } from "../view";
import styles from "./health.module.css";

const WIDTH = 300;
const HEIGHT = 48;

export function BatteryHistory({ connection: { patient_id: patientId, id } }: { connection: Connection }) {
  const t = useText();
  const intl = useIntl();
  const now = useNow();
  const { zone } = useZone();
  const found = useQuery(historyQuery(patientId, id));
  if (found.isPending) return <div className={styles.wide}><Skeleton height={HEIGHT} /></div>;
  if (!found.data) return <p className={styles.wide}>{t("health.history.again")}</p>;
  const points = batteriesOf(found.data);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return <p className={styles.wide}>{t("health.history.none")}</p>;
  const percent = (value: number) => intl.formatNumber(value / 100, { style: "percent", maximumFractionDigits: 0 });
  const low = Math.min(...points.map((point) => point.percent));
  const values = { from: percent(first.percent), to: percent(last.percent), low: percent(low), day: dayText(intl, first.at, now, zone) };
  return (
    <figure className={styles.wide}>
      {points.length > 1 ? (
        <svg className={styles.line} viewBox={`-2 -2 ${WIDTH + 4} ${HEIGHT + 4}`} preserveAspectRatio="none" aria-hidden="true" focusable="false">
          <path d={`M0 ${HEIGHT}H${WIDTH}`} className={styles.ground} />
          <path d={linePath(points, WIDTH, HEIGHT)} />
        </svg>
      ) : null}
      <figcaption className={`${styles.muted} number`}>{t("health.history.text", values)}</figcaption>
    </figure>
  );
}
