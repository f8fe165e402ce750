// One kind of reading of one person on two pages of paper. Whose it is stands on each, with the number of the page.
import { useIntl, type IntlShape } from "react-intl";
import PaperChart, { PLOT } from "~/components/chart/paper-chart";
import type { Kind } from "~/lib/api-types";
import type { RangeId } from "~/lib/keys";
import { KIND_VIEWS } from "~/lib/kind-views";
import { metricLabel, unitText } from "~/lib/metrics";
import { RANGES, type LatestMap, type Series } from "~/lib/readings";
import { useText, useWord } from "~/lib/text";
import { hourStyle } from "~/lib/time";
import type { Units } from "~/lib/units";
import { summaryText, whenText } from "../describe";
import { areDays, axisOf } from "../daily";
import { floorOf } from "../floor";
import { columnsOf, counted, drawingOf, grouped, marksOf, type Mark } from "../marks";
import { latestOf, partsOf } from "../parts";
import { tableOf } from "../table";
import { averageColumn, changeTexts } from "../trend";
import { useTrend } from "../use-trend";
import { InRange } from "./in-range";
import { Legend } from "./legend";
import styles from "./report.module.css";

export interface ReportProps {
  patientId: string;
  connectionId: string;
  person: string;
  device: string;
  kind: Kind;
  metric: string;
  range: RangeId;
  series: Series;
  latest: LatestMap;
  units: Units;
  timeZone: string;
  now: number;
}

/** So many rows have room on a page, also on a shorter one. */
const ROWS = 34;
const PAGES = 2;

export function Report(props: ReportProps) {
  const marks = marksOf(props.series, props.kind, props.now - RANGES[props.range].ms, props);
  return (
    <div className={styles.report}>
      <FirstPage {...props} marks={counted(marks)} />
      <SecondPage {...props} marks={marks} />
    </div>
  );
}

/** Paper is read on another day: it says no "today". */
function momentText(intl: IntlShape, at: number, timeZone: string): string {
  return intl.formatDate(at, { weekday: "short", day: "numeric", month: "short", year: "numeric", ...hourStyle(intl.locale), timeZone });
}

type PageProps = ReportProps & { marks: Mark[] };

function Foot({ person, page }: { person: string; page: number }) {
  const t = useText();
  return <p className={styles.foot}>{t("report.page", { name: person, page, pages: PAGES })}</p>;
}

function FirstPage(props: PageProps) {
  const { person, device, kind, metric, range, series, latest, units, timeZone, now, marks } = props;
  const t = useText();
  const word = useWord();
  const intl = useIntl();
  const day = (at: number) => intl.formatDate(at, { dateStyle: "long", timeZone });
  const head = latestOf(latest, kind);
  const parts = head && partsOf(intl, units, kind, head.readings);
  const { trend } = useTrend({ ...props, metric: undefined });
  const changes = head ? changeTexts(intl, units, trend, Date.parse(head.at)) : [];
  const facts = [
    { label: t("report.device"), text: device },
    { label: t("report.time"), text: t("report.span", { from: day(now - RANGES[range].ms), to: day(now), zone: timeZone.replaceAll("_", " ") }) },
    ...(head && parts
      ? [{ label: t("report.latest"), text: t("chart.at", { when: momentText(intl, Date.parse(head.at), timeZone), value: `${parts.main.number} ${parts.main.unit}`.trim() }) }]
      : []),
    ...(changes.length > 0 ? [{ label: t("trend.change"), text: intl.formatList(changes, { type: "unit" }) }] : []),
  ];
  const summary = summaryText(intl, units, kind, metric, marks, t(`dash.range.${range}`));
  return (
    <section className={styles.sheet} aria-labelledby="report-person">
      <h2 id="report-person" className={styles.person}>
        {t("report.person", { name: person, kind: word("kind", kind) })}
      </h2>
      <dl className={styles.facts}>
        {facts.map(({ label, text }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      {KIND_VIEWS[kind].charted.length > 0 && marks.length > 0 ? <Chart {...props} series={series} summary={summary} /> : null}
      <p>{summary}</p>
      {kind === "glucose" ? <InRange {...props} /> : null}
      <p className={styles.made}>{t("report.made", { when: intl.formatDate(now, { dateStyle: "long", timeStyle: "short", timeZone }) })}</p>
      <Foot person={person} page={1} />
    </section>
  );
}

function Chart(props: PageProps & { summary: string }) {
  const { kind, metric, range, series, units, timeZone, now, marks, summary } = props;
  const t = useText();
  const intl = useIntl();
  const view = KIND_VIEWS[kind];
  const from = now - RANGES[range].ms;
  const isDaily = areDays(kind, marks);
  const days = isDaily ? axisOf(from, { now, timeZone }) : null;
  const drawn = view.drawing === "pressure" ? grouped(marks, from, now, PLOT.width) : marks;
  const { averageAt } = useTrend(props);
  const columns = columnsOf(drawn, kind, metric, units, averageAt);
  return (
    <figure className={styles.figure}>
      {view.drawing === "pressure" ? null : <figcaption>{metricLabel(intl, metric)}</figcaption>}
      <PaperChart
        drawing={drawingOf(view, { hasAverage: averageAt !== null, isDaily })}
        xs={columns.xs}
        ys={columns.ys}
        hasSpread={series.resolution !== "raw"}
        band={columns.band}
        beyond={view.drawing === "glucose" ? { low: t("value.glucose.low"), high: t("value.glucose.high") } : null}
        floor={floorOf(kind, metric, columns.band)}
        from={(days?.start ?? from) / 1000}
        to={(days?.end ?? now) / 1000}
        ticks={days && days.ticks.map((at) => at / 1000)}
        timeZone={timeZone}
        unit={unitText(intl, columns.unit)}
        label={summary}
      />
      <Legend kind={kind} columns={columns} marks={drawn} resolution={series.resolution} isHidden={false} isPaper />
    </figure>
  );
}

function SecondPage(props: PageProps) {
  const { person, kind, metric, units, timeZone, now, marks } = props;
  const t = useText();
  const word = useWord();
  const intl = useIntl();
  const { averageAt } = useTrend(props);
  const { heads, row } = tableOf(intl, units, { kind, metric, marks, more: averageAt ? [averageColumn(intl, units, averageAt)] : [] });
  const newest = [...marks].reverse().slice(0, ROWS);
  const rest = marks.length - newest.length;
  return (
    <section className={styles.sheet} aria-labelledby="report-table">
      <h2 id="report-table" className={styles.heading}>
        {t("report.table")}
      </h2>
      {/* On a narrow screen it is wider than its place: the region scrolls, and a keyboard can reach it. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
      <div className={styles.rows} tabIndex={0} role="region" aria-label={t("table.caption", { kind: word("kind", kind) })}>
        <table className={`${styles.table} number`}>
          <thead>
            <tr>
              {[t("table.time"), ...heads].map((head) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {newest.map(row).map(({ key, mark, cells }) => (
              <tr key={key}>
                <th scope="row">{mark.isDay ? whenText(intl, mark, { now, timeZone, isZoneNamed: false }) : momentText(intl, mark.at, timeZone)}</th>
                {cells.map((cell, index) => (
                  <td key={heads[index]}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rest > 0 ? <p>{t("report.rest", { count: rest })}</p> : null}
      <Foot person={person} page={2} />
    </section>
  );
}
