// What the shapes of a chart are, in words.
import { useIntl } from "react-intl";
import { NONE } from "~/components/chart/place";
import type { Kind } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import type { Series } from "~/lib/readings";
import { useText } from "~/lib/text";
import { numberText } from "~/lib/units";
import { areDays } from "../daily";
import { beyondIn, type columnsOf, type Mark } from "../marks";
import styles from "./chart-panel.module.css";

const AVERAGES = { "1m": "chart.legend.averageMinute", "1h": "chart.legend.average", "1d": "chart.legend.averageDay" } as const;

interface LegendProps {
  kind: Kind;
  columns: ReturnType<typeof columnsOf>;
  marks: readonly Mark[];
  resolution: Series["resolution"];
  /** While a value is read its place stays kept, so that nothing below moves. */
  isHidden: boolean;
  /** As the chart for paper draws: in ink, and neither averages nor pulses of several pressures. */
  isPaper?: boolean;
}

export function Legend({ kind, columns: { band, unit, ys }, marks, resolution, isHidden, isPaper = false }: LegendProps) {
  const t = useText();
  const intl = useIntl();
  const items: { swatch?: string; text: string }[] = [];
  const isPressure = KIND_VIEWS[kind].drawing === "pressure";
  if (isPressure) {
    const hasSeveral = ys[3]?.some((low) => low !== null);
    const hasSingle = ys[3]?.some((low) => low === null);
    if (hasSingle) items.push({ swatch: styles.bar!, text: t("chart.legend.pressure") });
    if (hasSeveral) items.push({ swatch: styles.filled!, text: t("chart.legend.uppers") }, { swatch: styles.outlined!, text: t("chart.legend.lowers") });
    if (ys[2]?.some((pulse) => pulse !== null)) items.push({ swatch: styles.dot!, text: t("chart.legend.pulse") });
    if (!isPaper && ys[7]?.some((low, index) => low !== null && ys[2]?.[index] === null)) items.push({ swatch: styles.thin!, text: t("chart.legend.pulses") });
  }
  if (band) {
    const decimals = unit === "mmol/L" ? 1 : 0;
    const [low, high] = [numberText(intl, band[0], decimals), `${numberText(intl, band[1], decimals)} ${unit}`];
    items.push({ swatch: styles.band!, text: t("chart.legend.band", { low, high }) });
  }
  const beyond = kind === "glucose" ? beyondIn(marks) : { low: 0, high: 0 };
  if (beyond.low > 0) items.push({ text: t("chart.legend.low") });
  if (beyond.high > 0) items.push({ text: t("chart.legend.high") });
  const isTrend = ys[3] !== undefined && KIND_VIEWS[kind].drawing === "points";
  if (isTrend && resolution === "raw") items.push({ swatch: styles.point!, text: t("trend.legend.point") });
  const isDaily = areDays(kind, marks);
  const hasDays = resolution === "1d" && KIND_VIEWS[kind].drawing === "points";
  if (hasDays) items.push({ swatch: styles.range!, text: t("chart.legend.ranges") });
  const average = isPressure ? styles.across! : hasDays || isTrend ? styles.point! : styles.line!;
  if (isDaily) {
    items.push({ swatch: styles.bar!, text: t("days.legend.day") });
    if (marks.some((mark) => mark.isSoFar && mark.rollup)) items.push({ swatch: styles.striped!, text: t("days.legend.soFar") });
    if (ys[3]?.includes(NONE)) items.push({ swatch: styles.dash!, text: t("days.legend.none") });
  } else if (!(isPressure && isPaper) && resolution !== "raw" && marks.some((mark) => mark.rollup)) items.push({ swatch: average, text: t(AVERAGES[resolution]) });
  if (isTrend && ys[3]?.some((value) => value !== null)) items.push({ swatch: styles.average!, text: t("trend.legend.average") });
  return (
    <p className={`${isHidden ? styles.unseen : styles.legend} ${isPaper ? styles.paper : ""}`}>
      {items.length === 0 ? t("chart.hint") : null}
      {items.map(({ swatch, text }) => (
        <span key={text} className={styles.key}>
          {swatch ? <span className={swatch} aria-hidden="true" /> : null}
          {text}
        </span>
      ))}
    </p>
  );
}
