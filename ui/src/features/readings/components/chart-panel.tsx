// One kind of reading over time: range, value, chart or table, one sentence, and the file. Owns the cursor only.
import { lazy, memo, Suspense, useDeferredValue, useId, useMemo, useState, type ReactNode } from "react";
import { useIntl } from "react-intl";
import { padded, sideBySide } from "~/components/chart/place";
import { AnchorButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Segments } from "~/components/ui/segments";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Kind } from "~/lib/api-types";
import { KIND_VIEWS } from "~/lib/kind-views";
import { RANGE_IDS, type RangeId } from "~/lib/keys";
import { metricLabel, unitText } from "~/lib/metrics";
import { exportUrl, RANGES, type Series } from "~/lib/readings";
import { useSteady } from "~/lib/steady";
import { useText } from "~/lib/text";
import { DAY, dayText } from "~/lib/time";
import type { Units } from "~/lib/units";
import { wordsAreHere } from "~/lib/words";
import { markText, summaryText, whenText } from "../describe";
import { areDays, axisOf } from "../daily";
import { floorOf } from "../floor";
import { columnsOf, counted, drawingOf, grouped, marksOf, type Mark } from "../marks";
import { averageColumn, averageText, type AverageAt } from "../trend";
import { useTrend } from "../use-trend";
import styles from "./chart-panel.module.css";
import { InRange } from "./in-range";
import { Legend } from "./legend";
import { ReadingsTable } from "./readings-table";

const Recordings = lazy(() => wordsAreHere(import("./recordings")));
const UsualDay = lazy(() => wordsAreHere(import("./usual-day")));
const TimeChart = lazy(() => import("~/components/chart/time-chart"));

export type View = "chart" | "table";

/** So few days have no usual one. */
const FEW_DAYS = 14 * DAY;

interface ChartPanelProps {
  patientId: string;
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
  /** Another way to take the readings along, beside the file. */
  beside: ReactNode;
}

/** Drawing takes long on a slow phone, and a finger wants its answer: a choice shows first, what it brings after it. */
export function ChartPanel(props: ChartPanelProps) {
  const settled = useDeferredValue(props);
  const { kind, metric, range, view } = props;
  const t = useText();
  const intl = useIntl();
  const { charted, drawing } = KIND_VIEWS[kind];

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
        {drawing !== "list" ? (
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
      <Content asked={isSameChoice(settled, props) ? props : settled} />
    </div>
  );
}

/** New values do not wait. */
function isSameChoice(one: ChartPanelProps, other: ChartPanelProps): boolean {
  return (["kind", "metric", "range", "view"] as const).every((name) => one[name] === other[name]);
}

const Content = memo(function Content({ asked: props }: { asked: ChartPanelProps }) {
  const { kind, metric, range, view, units, now, timeZone } = props;
  const asked = useMemo(() => ({ kind, range, series: props.series }), [kind, range, props.series]);
  const { series } = useSteady(asked, CROWDED_EVERY_MS, cannotWait);
  const t = useText();
  const intl = useIntl();
  const { drawing } = KIND_VIEWS[kind];
  const from = now - RANGES[range].ms;
  const marks = useMemo(() => marksOf(series, kind, from, { now, timeZone }), [series, kind, from, now, timeZone]);
  const counts = useMemo(() => counted(marks), [marks]);
  const summary = useMemo(
    () => summaryText(intl, units, kind, metric, counts, t(`dash.range.${range}`)),
    [intl, units, kind, metric, counts, range, t],
  );
  const { averageAt, isLost } = useTrend(props);
  const isList = drawing === "list";
  const isTable = isList || view === "table";
  if (marks.length === 0) return <Nothing {...props} />;

  return (
    <>
      {isTable || counts.length === 0 ? null : <Drawn {...props} series={series} marks={counts} from={from} summary={summary} averageAt={averageAt} />}
      {isTable || counts.length > 0 ? null : <Nothing {...props} />}
      {isList ? (
        <Suspense>
          <Recordings patientId={props.patientId} marks={marks} kind={kind} units={units} clock={props} />
        </Suspense>
      ) : null}
      {kind === "glucose" ? <InRange {...props} /> : null}
      {kind === "glucose" && RANGES[range].ms > FEW_DAYS ? (
        <Suspense>
          <UsualDay {...props} />
        </Suspense>
      ) : null}
      {isTable ? <ReadingsTable {...props} marks={marks} more={averageAt ? [averageColumn(intl, units, averageAt)] : []} /> : null}
      {isLost ? <p className={styles.summary}>{t("trend.error")}</p> : null}
      <div className={styles.foot}>
        {isList ? null : <p className={styles.summary}>{summary}</p>}
        <AnchorButton look="quiet" href={exportUrl(props.connectionId, new Date(from).toISOString())} download>
          <Icon name="download" />
          {t("dash.csv")}
        </AnchorButton>
        {props.beside}
      </div>
    </>
  );
});

/** More values than a screen has room for: they can be looked at closer. */
const LONG = 500;

interface Asked {
  kind: Kind;
  range: RangeId;
  series: Series;
}

/** A chart of so many values takes longer than a frame: more of them are drawn once a second. */
const CROWDED = 2000;
const CROWDED_EVERY_MS = 1000;

/** Another question, few values, or less than before: what was taken away must not stay on the screen. */
function cannotWait(shown: Asked, now: Asked): boolean {
  const [before, items] = [shown.series.items.length, now.series.items.length];
  return shown.kind !== now.kind || shown.range !== now.range || items < CROWDED || items < before;
}

type DrawnProps = ChartPanelProps & { marks: ReturnType<typeof marksOf>; from: number; summary: string; averageAt: AverageAt | null };

function Drawn({ kind, metric, marks, units, from, now, timeZone, isZoneNamed, summary, series, averageAt }: DrawnProps) {
  const t = useText();
  const intl = useIntl();
  const hiddenSummary = useId();
  const [selected, setSelected] = useState<number | null>(null);
  const view = KIND_VIEWS[kind];
  // Marks that have no room side by side are drawn together, so the drawing asks how wide it is.
  const [plot, setPlot] = useState(500);
  const isDaily = areDays(kind, marks);
  const days = useMemo(() => (isDaily ? axisOf(from, { now, timeZone }) : null), [isDaily, from, now, timeZone]);
  const [start, end] = days ? [days.start, days.end] : padded(from, now);
  const drawn = useMemo(
    () => (view.drawing === "pressure" ? grouped(marks, from, now, plot) : marks),
    [view, marks, from, now, plot],
  );
  const columns = useMemo(() => columnsOf(drawn, kind, metric, units, averageAt), [drawn, kind, metric, units, averageAt]);
  const mark = selected === null ? undefined : drawn[columns.marks[selected] ?? -1];
  const day = (one: Mark) => whenText(intl, one, { now, timeZone, isZoneNamed });
  const [first, last] = [mark?.group?.at(0) ?? mark, mark?.group?.at(-1) ?? mark];
  const when = first && last && (first.at === last.at ? day(first) : t("chart.span", { from: day(first), to: day(last) }));
  const values = mark ? [markText(intl, units, kind, metric, mark), averageText(intl, units, averageAt?.(mark.at) ?? null)] : [];
  const at = mark ? t("chart.at", { when, value: intl.formatList(values.filter(Boolean), { type: "unit" }) }) : "";

  return (
    <figure className={styles.figure}>
      <span id={hiddenSummary} hidden>
        {summary}
      </span>
      <p className={styles.unit}>{unitText(intl, columns.unit)}</p>
      <Suspense
        fallback={
          <Loading>
            <Skeleton height={280} />
          </Loading>
        }
      >
        <TimeChart
          drawing={drawingOf(view, { hasAverage: averageAt !== null, isDaily })}
          xs={columns.xs}
          ys={columns.ys}
          hasSpread={series.resolution !== "raw"}
          band={columns.band}
          beyond={view.drawing === "glucose" ? { low: t("value.glucose.low"), high: t("value.glucose.high") } : null}
          floor={floorOf(kind, metric, columns.band)}
          from={start / 1000}
          to={end / 1000}
          ticks={days && days.ticks.map((at) => at / 1000)}
          isLong={series.resolution === "raw" && drawn.length > LONG}
          place={sideBySide}
          onPlot={setPlot}
          timeZone={timeZone}
          unit={unitText(intl, columns.unit)}
          label={t("chart.label")}
          describedBy={hiddenSummary}
          selected={selected}
          selectedText={at || summary}
          onSelect={setSelected}
        />
      </Suspense>
      <figcaption className={styles.caption}>
        <Legend kind={kind} columns={columns} marks={drawn} resolution={series.resolution} isHidden={at !== ""} />
        <p className={`${styles.readout} number`}>{at}</p>
      </figcaption>
    </figure>
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
