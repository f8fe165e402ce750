// How much glucose was low, in range and high: a sentence, a bar, and each part in words. The platform counts; this draws.
import { useQuery } from "@tanstack/react-query";
import { useIntl } from "react-intl";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { GlucoseRanges } from "~/lib/api-types";
import type { RangeId } from "~/lib/keys";
import { scaleOf } from "~/lib/metrics";
import { useText } from "~/lib/text";
import { numberText, type Units } from "~/lib/units";
import { rangesQuery } from "../api/ranges";
import styles from "./in-range.module.css";

interface InRangeProps {
  patientId: string;
  connectionId: string;
  range: RangeId;
  units: Units;
}

export function InRange({ patientId, connectionId, range, units }: InRangeProps) {
  const t = useText();
  const { data, error } = useQuery(rangesQuery(patientId, connectionId, range));
  if (data) return data.count > 0 ? <Bands ranges={data} range={range} units={units} /> : null;
  if (error) return <p className={styles.muted}>{t("range.error")}</p>;
  return (
    <Loading>
      <Skeleton height={200} />
    </Loading>
  );
}

type Band = GlucoseRanges["bands"][number];

function Bands({ ranges, range, units }: { ranges: GlucoseRanges; range: RangeId; units: Units }) {
  const t = useText();
  const intl = useIntl();
  const { unit, precision, convert } = scaleOf("glucose_mg_dL", units);
  const text = (value: number | null) => (value === null ? "" : numberText(intl, convert(value), precision));
  const share = ({ share_pct: pct }: Band) => {
    // What is there is never told as nothing.
    if (pct > 0 && pct < 1) return t("range.under", { share: intl.formatNumber(0.01, { style: "percent" }) });
    return intl.formatNumber(pct / 100, { style: "percent", maximumFractionDigits: 0 });
  };
  const inRange = ranges.bands.find(({ name }) => name === "in_range");
  return (
    <section className={styles.bands} aria-labelledby="in-range">
      <h3 id="in-range" className={styles.heading}>
        {t("range.title")}
      </h3>
      {inRange ? (
        <p>
          {t("range.summary", {
            share: share(inRange),
            count: ranges.count,
            range: t(`dash.range.${range}`),
            low: text(inRange.low),
            high: text(inRange.high),
            unit,
          })}
        </p>
      ) : null}
      <div className={styles.bar} aria-hidden="true">
        {ranges.bands
          .filter(({ count }) => count > 0)
          .map(({ name, share_pct: pct }) => (
            <span key={name} className={styles[name]} style={{ flexGrow: pct }} />
          ))}
      </div>
      <dl className={`${styles.list} number`}>
        {[...ranges.bands].reverse().map((band) => (
          <div key={band.name}>
            <dt>
              <span className={`${styles.swatch} ${styles[band.name]}`} aria-hidden="true" />
              {t(`range.${band.name}`, { low: text(band.low), high: text(band.high), unit })}
            </dt>
            <dd>{share(band)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
