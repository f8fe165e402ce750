// One kind of reading over time: range, value, chart or table, one sentence, and the file. Owns the cursor only.
import { lazy, Suspense, useId, useMemo, useState } from "react";
import { useIntl } from "react-intl";
import { AnchorButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Segments } from "~/components/ui/segments";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Kind } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kinds";
import type { RangeId } from "~/lib/keys";
import { metricLabel } from "~/lib/metrics";
import { exportUrl, RANGE_IDS, RANGES, type Series } from "~/lib/readings";
import { useText } from "~/lib/text";
import { dayText } from "~/lib/time";
import { numberText, type Units } from "~/lib/units";
import { markText, summaryText } from "../describe";
import { columnsOf, hasLine, marksOf } from "../marks";
import styles from "./chart-panel.module.css";
import { ReadingsTable } from "./readings-table";

const TimeChart = lazy(() => import("~/components/chart/time-chart"));

export type View = "chart" | "table";

interface ChartPanelProps {
  connectionId: string;
  kind: Kind;
  metric: string;
  onMetric: (metric: string) => void;
  range: RangeId;
  onRange: (range: RangeId) => void;
  view: View;
  onView: (view: View) => void;
  series: Series;
  units: Units;
  timeZone: string;
  isZoneNamed: boolean;
  now: number;
  lastAt: string | null;
}

export function ChartPanel(props: ChartPanelProps) {
  const { kind, metric, range, view, series, units, now } = props;
  const t = useText();
  const intl = useIntl();
  const { charted, drawing } = KIND_VIEWS[kind];
  const from = now - RANGES[range].ms;
  const marks = useMemo(() => marksOf(series, kind, from), [series, kind, from]);
  const summary = summaryText(intl, units, kind, metric, marks, t(`dash.range.${range}`));
  const hasChart = drawing !== "list";
  const isTable = view === "table" || !hasChart;

  return (
    <div className={styles.panel}>
      <div className={styles.controls}>
        <Segments
          label={t("dash.range")}
          hideLabel
          value={range}
          onChange={props.onRange}
          choices={RANGE_IDS.map((id) => ({ id, text: t(`dash.range.${id}.short`), name: t(`dash.range.${id}`) }))}
        />
        {hasChart ? (
          <Segments
            label={t("dash.view")}
            hideLabel
            value={view}
            onChange={props.onView}
            choices={[
              { id: "chart", text: <Icon name="chart" />, name: t("dash.view.chart") },
              { id: "table", text: <Icon name="table" />, name: t("dash.view.table") },
            ]}
          />
        ) : null}
      </div>
      {drawing !== "pressure" && charted.length > 1 ? (
        <Segments
          label={t("dash.metric")}
          hideLabel
          look="chips"
          value={metric}
          onChange={props.onMetric}
          choices={charted.map((name) => ({ id: name, text: metricLabel(intl, name) }))}
        />
      ) : null}
      {marks.length === 0 ? <Nothing {...props} /> : null}
      {marks.length > 0 && !isTable ? <Drawn {...props} marks={marks} from={from} summary={summary} /> : null}
      {marks.length > 0 && isTable ? (
        <ReadingsTable
          marks={marks}
          kind={kind}
          metric={metric}
          units={units}
          timeZone={props.timeZone}
          isZoneNamed={props.isZoneNamed}
          now={now}
        />
      ) : null}
      {marks.length > 0 ? (
        <div className={styles.foot}>
          {hasChart ? <p className={styles.summary}>{summary}</p> : null}
          <AnchorButton look="quiet" href={exportUrl(props.connectionId, new Date(from).toISOString())} download>
            <Icon name="download" />
            {t("dash.csv")}
          </AnchorButton>
        </div>
      ) : null}
    </div>
  );
}

type DrawnProps = ChartPanelProps & { marks: ReturnType<typeof marksOf>; from: number; summary: string };

function Drawn({ kind, metric, marks, units, from, now, timeZone, isZoneNamed, summary, series }: DrawnProps) {
  const t = useText();
  const intl = useIntl();
  const hiddenSummary = useId();
  const [selected, setSelected] = useState<number | null>(null);
  const view = KIND_VIEWS[kind];
  const columns = useMemo(() => columnsOf(marks, kind, metric, units), [marks, kind, metric, units]);
  const drawing = view.drawing === "glucose" || (view.drawing === "points" && hasLine(view)) ? "line" : view.drawing;
  const mark = selected === null ? undefined : marks[columns.marks[selected] ?? -1];
  const at = mark
    ? t("chart.at", { when: dayText(intl, mark.at, now, timeZone, isZoneNamed), value: markText(intl, units, kind, metric, mark) })
    : "";

  return (
    <figure className={styles.figure}>
      <span id={hiddenSummary} hidden>
        {summary}
      </span>
      <p className={styles.unit}>{columns.unit}</p>
      <Suspense
        fallback={
          <Loading>
            <Skeleton height={280} />
          </Loading>
        }
      >
        <TimeChart
          drawing={drawing === "list" ? "points" : drawing}
          xs={columns.xs}
          ys={columns.ys}
          hasSpread={series.resolution !== "raw"}
          band={columns.band}
          floor={floorOf(kind, metric, columns.band)}
          from={from / 1000}
          to={now / 1000}
          timeZone={timeZone}
          unit={columns.unit}
          label={t("chart.label")}
          describedBy={hiddenSummary}
          selected={selected}
          selectedText={at || summary}
          onSelect={setSelected}
        />
      </Suspense>
      <figcaption className={styles.caption}>
        <p className={`${styles.readout} number`}>{at || <Legend kind={kind} band={columns.band} unit={columns.unit} resolution={series.resolution} />}</p>
      </figcaption>
    </figure>
  );
}

/** What a person of this kind usually spans, so that the axis does not turn a small change into a cliff. */
function floorOf(kind: Kind, metric: string, band: [number, number] | null): [number, number] | null {
  if (kind === "blood_pressure") return [60, 140];
  if (metric === "spo2_pct") return [90, 100];
  if (metric === "heart_rate_bpm") return [50, 110];
  return band ? [band[0] * 0.75, band[1] * 1.25] : null;
}

function Legend({ kind, band, unit, resolution }: { kind: Kind; band: [number, number] | null; unit: string; resolution: Series["resolution"] }) {
  const t = useText();
  const intl = useIntl();
  const items: { swatch: string; text: string }[] = [];
  if (KIND_VIEWS[kind].drawing === "pressure") {
    items.push({ swatch: styles.bar!, text: t("chart.legend.pressure") }, { swatch: styles.dot!, text: t("chart.legend.pulse") });
  }
  if (band) {
    const decimals = unit === "mmol/L" ? 1 : 0;
    const [low, high] = [numberText(intl, band[0], decimals), `${numberText(intl, band[1], decimals)} ${unit}`];
    items.push({ swatch: styles.band!, text: t("chart.legend.band", { low, high }) });
  }
  if (resolution === "1h") items.push({ swatch: styles.line!, text: t("chart.legend.average") });
  if (items.length === 0 && resolution === "raw") return <span className={styles.legend}>{t("chart.hint")}</span>;
  if (resolution === "1d") items.push({ swatch: styles.line!, text: t("chart.legend.averageDay") });
  return (
    <span className={styles.legend}>
      {items.map(({ swatch, text }) => (
        <span key={text} className={styles.key}>
          <span className={swatch} aria-hidden="true" />
          {text}
        </span>
      ))}
    </span>
  );
}

function Nothing({ kind, range, lastAt, now, timeZone }: ChartPanelProps) {
  const t = useText();
  const intl = useIntl();
  const name = t(`kind.${kind}`).toLocaleLowerCase(intl.locale);
  return (
    <div className={styles.nothing}>
      <p>{t("dash.empty.range", { kind: name, range: t(`dash.range.${range}`) })}</p>
      {lastAt ? <p>{t("dash.empty.last", { age: dayText(intl, Date.parse(lastAt), now, timeZone) })}</p> : null}
    </div>
  );
}
