// A sensor's usual day: how its values spread over the hours, drawn and in words, and the figures that go with it.
import { useQuery } from "@tanstack/react-query";
import { useIntl, type IntlShape } from "react-intl";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { GlucosePattern } from "~/lib/api-types";
import type { RangeId } from "~/lib/keys";
import { enUsual } from "~/lib/messages/en-usual";
import { scaleOf } from "~/lib/metrics";
import { addMessages, isolated, useText } from "~/lib/text";
import { HOUR, hourStyle } from "~/lib/time";
import { numberText, type Units } from "~/lib/units";
import { usualDayQuery } from "../api/usual-day";
import { bandPath, endsOf, fromTop, LEVELS, linePath, TOP_MG_DL, WIDTH, type Hour } from "../usual-day";
import styles from "./usual-day.module.css";

addMessages(enUsual, "usual");

/** mg/dL at which a line is drawn and named: the target's ends. These and the goals: Battelino et al., Diabetes Care 2019;42:1593. */
const TARGET = [70, 180] as const;
const CLOCK = [0, 6, 12, 18, 24];
/** Below this it is no sensor, and the sentence about what is missing would only confuse. */
const SENSOR_PCT = 10;

interface UsualDayProps {
  patientId: string;
  connectionId: string;
  range: RangeId;
  units: Units;
}

export default function UsualDay({ patientId, connectionId, range, units }: UsualDayProps) {
  const t = useText();
  const { data, error } = useQuery(usualDayQuery(patientId, connectionId, range));
  if (data && data.captured_pct < SENSOR_PCT && data.hours.length === 0) return null;
  return (
    <section className={styles.part} aria-labelledby="usual-day">
      <h3 id="usual-day" className={styles.heading}>
        {t("usual.title")}
      </h3>
      {data && data.hours.length > 0 ? <Drawn pattern={data} units={units} /> : null}
      {data && data.hours.length === 0 ? <NotYet pattern={data} /> : null}
      {!data && error ? <p className={styles.muted}>{t("usual.error")}</p> : null}
      {!data && !error ? (
        <Loading>
          <Skeleton height={280} />
        </Loading>
      ) : null}
    </section>
  );
}

function NotYet({ pattern }: { pattern: GlucosePattern }) {
  const t = useText();
  const intl = useIntl();
  if (pattern.days < pattern.days_wanted) return <p>{t("usual.days", { days: pattern.days, wanted: pattern.days_wanted })}</p>;
  return <p>{t("usual.captured", { captured: percent(intl, pattern.captured_pct), wanted: percent(intl, pattern.captured_wanted_pct) })}</p>;
}

function Drawn({ pattern, units }: { pattern: GlucosePattern; units: Units }) {
  const t = useText();
  const intl = useIntl();
  const { unit, precision, convert } = scaleOf("glucose_mg_dL", units);
  const text = (value: number) => numberText(intl, convert(value), precision);
  const ends = endsOf(pattern.hours);
  const summary = ends
    ? t("usual.summary", {
        low: text(ends.lowest.p50),
        high: text(ends.highest.p50),
        unit,
        lowAt: clock(intl, ends.lowest.hour),
        highAt: clock(intl, ends.highest.hour),
      })
    : "";
  return (
    <>
      <p>{summary}</p>
      <Picture hours={pattern.hours} text={text} unit={unit} />
      <ul className={styles.legend}>
        {(["middle", "half", "most"] as const).map((name) => (
          <li key={name}>
            <span className={`${styles.swatch} ${styles[name]}`} aria-hidden="true" />
            {t(`usual.legend.${name}`)}
          </li>
        ))}
      </ul>
      <Figures pattern={pattern} text={text} unit={unit} />
      <p className={styles.muted}>{t("usual.goals", { low: text(70), veryLow: text(54), high: text(180), veryHigh: text(250), unit })}</p>
      <details className={styles.fold}>
        <summary>{t("usual.table")}</summary>
        <Table hours={pattern.hours} text={text} unit={unit} />
      </details>
    </>
  );
}

interface DrawProps {
  hours: readonly Hour[];
  text: (value: number) => string;
  unit: string;
}

/** Midnight is on the left in every language, as in the other charts. */
function Picture({ hours, text, unit }: DrawProps) {
  const intl = useIntl();
  return (
    <div className={`${styles.picture} number`} dir="ltr" aria-hidden="true">
      <p className={styles.unit}>{unit}</p>
      <div className={styles.plot}>
        <svg viewBox={`0 0 ${WIDTH} ${TOP_MG_DL}`} preserveAspectRatio="none">
          <rect className={styles.target} x="0" y={TOP_MG_DL - TARGET[1]} width={WIDTH} height={TARGET[1] - TARGET[0]} />
          <path className={styles.most} d={bandPath(hours, "p5", "p95")} />
          <path className={styles.half} d={bandPath(hours, "p25", "p75")} />
          {TARGET.map((value) => (
            <line key={value} className={styles.edge} x1="0" x2={WIDTH} y1={TOP_MG_DL - value} y2={TOP_MG_DL - value} />
          ))}
          <path className={styles.middle} d={linePath(hours, "p50")} />
        </svg>
        {[0, ...TARGET, TOP_MG_DL].map((value) => (
          <span key={value} className={styles.value} style={{ insetBlockStart: fromTop(value) }}>
            {text(value)}
          </span>
        ))}
      </div>
      <div className={styles.clock}>
        {CLOCK.map((hour) => (
          <span key={hour}>{clock(intl, hour)}</span>
        ))}
      </div>
    </div>
  );
}

function Figures({ pattern, text, unit }: { pattern: GlucosePattern } & Omit<DrawProps, "hours">) {
  const t = useText();
  const intl = useIntl();
  const { mean, gmi_pct: gmi, cv_pct: cv } = pattern;
  if (mean === null || gmi === null || cv === null) return null;
  return (
    <dl className={`${styles.figures} number`}>
      <div>
        <dt>{t("usual.mean")}</dt>
        <dd>
          {text(mean)} {unit}
        </dd>
      </div>
      <div>
        <dt>{t("usual.gmi")}</dt>
        <dd>{percent(intl, gmi, 1)}</dd>
      </div>
      <div>
        <dt>{t("usual.cv")}</dt>
        <dd>{percent(intl, cv)}</dd>
      </div>
    </dl>
  );
}

function Table({ hours, text, unit }: DrawProps) {
  const t = useText();
  const intl = useIntl();
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={t("usual.table")}>
      <table className={`${styles.table} number`}>
        <caption>{t("usual.caption", { unit })}</caption>
        <thead>
          <tr>
            <th scope="col">{t("usual.hour")}</th>
            {LEVELS.map((level) => (
              <th scope="col" key={level}>
                {t("usual.below", { share: percent(intl, Number(level.slice(1))) })}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {hours.map((hour) => (
            <tr key={hour.hour}>
              <th scope="row">{clock(intl, hour.hour)}</th>
              {LEVELS.map((level) => (
                <td key={level}>{text(hour[level])}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** An hour of no special day: counted from a midnight in UTC, and told in UTC. */
function clock(intl: IntlShape, hour: number): string {
  return isolated(intl, intl.formatTime(hour * HOUR, { ...hourStyle(intl.locale), timeZone: "UTC" }));
}

function percent(intl: IntlShape, value: number, digits = 0): string {
  return intl.formatNumber(value / 100, { style: "percent", minimumFractionDigits: digits, maximumFractionDigits: digits });
}
