// The same chart for paper: lines that stay sharp at any size, and nothing that needs a colour to be understood.
import { useId } from "react";
import { useIntl } from "react-intl";
import { hourStyle } from "~/lib/time";
import { BEYOND, type BeyondWords } from "./beyond";
import styles from "./paper-chart.module.css";
import { rangeOf, sideBySide, SO_FAR, stretchesOf, thinned, ticksOf, type Placed } from "./place";

export interface PaperChartProps {
  drawing: "pressure" | "line" | "points" | "bars" | "trend" | "days";
  /** Seconds. */
  xs: readonly number[];
  ys: readonly (readonly (number | null)[])[];
  hasSpread: boolean;
  band: [number, number] | null;
  beyond: BeyondWords | null;
  floor: [number, number] | null;
  from: number;
  to: number;
  /** The dates below the axis, in seconds; without them it has six times, evenly. */
  ticks: readonly number[] | null;
  timeZone: string;
  unit: string;
  label: string;
}

/** What is drawn on: the plot within the sheet, in its own units. */
export const PLOT = { left: 56, top: 26, width: 630, height: 236 };
const SHEET = { width: 700, height: 294 };
const HOUR_S = 3600;
const DAY_S = 86_400;
const DAYS_FROM_S = 2 * 86_400;

interface Pen extends PaperChartProps {
  x: (at: number) => number;
  y: (value: number) => number;
}

export default function PaperChart(props: PaperChartProps) {
  const { from, to, label, unit, band } = props;
  const range = rangeOf(...endsOf(props), { floor: props.floor, isFromZero: props.drawing === "bars" || props.drawing === "days", hasEdges: props.beyond !== null });
  const x = (at: number) => PLOT.left + ((at - from) / (to - from)) * PLOT.width;
  const y = (value: number) => PLOT.top + (1 - (value - range[0]) / (range[1] - range[0])) * PLOT.height;
  const pen = { ...props, x, y };
  return (
    <svg className={styles.chart} viewBox={`0 0 ${SHEET.width} ${SHEET.height}`} role="img" aria-label={label} direction="ltr">
      {band ? <Band band={band} y={y} /> : null}
      <Axes pen={pen} range={range} />
      {props.drawing === "line" ? <Line pen={pen} /> : null}
      {props.drawing === "trend" ? <Average pen={pen} /> : null}
      {props.drawing === "points" || props.drawing === "trend" ? <Points pen={pen} /> : null}
      {props.drawing === "bars" ? <Bars pen={pen} ground={range[0]} /> : null}
      {props.drawing === "days" ? <Days pen={pen} ground={range[0]} /> : null}
      {props.drawing === "pressure" ? <Pressures pen={pen} /> : null}
      <Edges pen={pen} />
      <text className={styles.text} x={4} y={12}>
        {unit}
      </text>
    </svg>
  );
}

/** The lowest and highest value; how often a sensor could not measure is none. */
function endsOf({ ys, beyond, drawing }: PaperChartProps): [number | null, number | null] {
  const values = (beyond || drawing === "days" ? ys.slice(0, BEYOND.low - 1) : ys).flat().filter((value) => value !== null);
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) [low, high] = [Math.min(low, value), Math.max(high, value)];
  return values.length > 0 ? [low, high] : [null, null];
}

function Band({ band: [low, high], y }: { band: [number, number]; y: Pen["y"] }) {
  const hatch = useId();
  const place = { x: PLOT.left, y: y(high), width: PLOT.width, height: y(low) - y(high) };
  return (
    <>
      <pattern id={hatch} width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0V6" className={styles.hatch} />
      </pattern>
      <rect {...place} fill={`url(#${hatch})`} />
      <rect {...place} className={styles.frame} />
    </>
  );
}

function Axes({ pen: { x, y, from, to, ticks, timeZone }, range }: { pen: Pen; range: [number, number] }) {
  const intl = useIntl();
  const style: Intl.DateTimeFormatOptions =
    ticks || to - from > DAYS_FROM_S ? { day: "numeric", month: "short", timeZone } : { ...hourStyle(intl.locale), timeZone };
  const evenly = [0, 1, 2, 3, 4, 5].map((part) => Math.round((from + ((to - from) * (part + 0.5)) / 6) / HOUR_S) * HOUR_S);
  const times = ticks ? thinned(ticks, 10) : evenly;
  const bottom = PLOT.top + PLOT.height;
  return (
    <g>
      {ticksOf(range).map((value) => (
        <g key={value}>
          <path d={`M${PLOT.left} ${y(value)}h${PLOT.width}`} className={styles.grid} />
          <text className={styles.text} x={PLOT.left - 6} y={y(value) + 4} textAnchor="end">
            {intl.formatNumber(value)}
          </text>
        </g>
      ))}
      <path d={`M${PLOT.left} ${bottom}h${PLOT.width}`} className={styles.axis} />
      {times.map((at) => (
        <g key={at}>
          <path d={`M${x(at)} ${bottom}v5`} className={styles.axis} />
          <text className={styles.text} x={x(at)} y={bottom + 20} textAnchor="middle">
            {intl.formatDate(at * 1000, style)}
          </text>
        </g>
      ))}
    </g>
  );
}

const at2 = (n: number) => Math.round(n * 100) / 100;

function Line({ pen: { xs, ys, x, y, hasSpread } }: { pen: Pen }) {
  const [values = [], lows = [], highs = []] = ys;
  const place = (column: readonly (number | null)[]) => (index: number) => `${at2(x(xs[index] ?? 0))} ${at2(y(column[index] ?? 0))}`;
  const stretches = stretchesOf(values);
  return (
    <g>
      {hasSpread
        ? stretches.map((stretch) => (
            <path key={stretch[0]} className={styles.spread} d={`M${stretch.map(place(highs)).join("L")}L${[...stretch].reverse().map(place(lows)).join("L")}Z`} />
          ))
        : null}
      {stretches.map((stretch) => (
        // One value between two holes is a dot.
        <path key={stretch[0]} className={stretch.length > 1 ? styles.line : styles.single} d={`M${stretch.map(place(values)).join("L")}${stretch.length > 1 ? "" : "h0"}`} />
      ))}
    </g>
  );
}

function Average({ pen: { xs, ys, x, y } }: { pen: Pen }) {
  const values = ys[3] ?? [];
  return stretchesOf(values).map((stretch) => (
    <path key={stretch[0]} className={styles.average} d={`M${stretch.map((index) => `${at2(x(xs[index] ?? 0))} ${at2(y(values[index] ?? 0))}`).join("L")}`} />
  ));
}

function Points({ pen: { xs, ys, x, y, hasSpread } }: { pen: Pen }) {
  const [values = [], lows = [], highs = []] = ys;
  return (
    <g>
      {xs.map((at, index) => {
        const [value, low, high] = [values[index], lows[index], highs[index]];
        if (typeof value !== "number") return null;
        const hasRange = hasSpread && typeof low === "number" && typeof high === "number" && low < high;
        return (
          <g key={at}>
            {hasRange ? <path className={styles.stroke} d={`M${x(at)} ${y(low)}V${y(high)}`} /> : null}
            <circle className={styles.dot} cx={x(at)} cy={y(value)} r={xs.length > 100 ? 1.8 : 3} />
          </g>
        );
      })}
    </g>
  );
}

function Bars({ pen: { xs, ys, x, y }, ground }: { pen: Pen; ground: number }) {
  const width = Math.min(Math.max((PLOT.width / Math.max(xs.length, 1)) * 0.6, 1), 18);
  return (
    <g>
      {xs.map((at, index) => {
        const value = ys[0]?.[index];
        return typeof value === "number" ? (
          <rect key={at} className={styles.bar} x={x(at) - width / 2} y={y(value)} width={width} height={y(ground) - y(value)} />
        ) : null;
      })}
    </g>
  );
}

/** As on the screen: full, striped for a day that is not over, a dash where nothing came. */
function Days({ pen: { xs, ys, x, y, from, to }, ground }: { pen: Pen; ground: number }) {
  const stripes = useId();
  const width = Math.min(Math.max(((PLOT.width * DAY_S) / (to - from)) * 0.6, 2), 36);
  return (
    <g>
      <pattern id={stripes} width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <path d="M0 0V5" className={styles.stripe} />
      </pattern>
      {xs.map((at, index) => {
        const value = ys[0]?.[index];
        if (typeof value !== "number") return <path key={at} className={styles.stroke} d={`M${at2(x(at) - 3)} ${y(ground) - 6}h6`} />;
        const height = Math.max(y(ground) - y(value), 2);
        const box = { x: x(at) - width / 2, y: y(ground) - height, width, height };
        const isSoFar = ys[3]?.[index] === SO_FAR;
        return <rect key={at} {...box} className={isSoFar ? styles.outlined : styles.bar} style={isSoFar ? { fill: `url(#${stripes})` } : undefined} />;
      })}
    </g>
  );
}

/** Columns: upper, lower, pulse, then the lowest and highest of upper and of lower values where a mark is several. */
function Pressures({ pen: { xs, ys, x, y } }: { pen: Pen }) {
  const wanted = xs.map((at) => x(at) - PLOT.left);
  const { xs: lefts, width }: Placed = sideBySide(wanted, PLOT.width) ?? { width: 2, xs: wanted };
  const value = (column: number, index: number) => ys[column]?.[index] ?? null;
  return (
    <g>
      {lefts.map((left, index) => {
        const middle = PLOT.left + left;
        const [upper, lower, pulse] = [value(0, index), value(1, index), value(2, index)];
        const several = [
          { look: styles.bar, low: value(3, index), high: value(4, index) },
          { look: styles.outlined, low: value(5, index), high: value(6, index) },
        ];
        const isSeveral = several.some(({ low }) => low !== null);
        const box = (low: number, high: number) => ({ x: middle - width / 2, width, y: y(high), height: Math.max(y(low) - y(high), width), rx: Math.min(width / 2, 3) });
        return (
          <g key={left}>
            {!isSeveral && upper !== null && lower !== null ? <rect {...box(lower, upper)} className={styles.bar} /> : null}
            {several.map(({ look, low, high }) => (low !== null && high !== null ? <rect key={look} {...box(low, high)} className={look} /> : null))}
            {pulse !== null ? <circle className={styles.pulse} cx={middle} cy={y(pulse)} r={3} /> : null}
          </g>
        );
      })}
    </g>
  );
}

/** LOW and HIGH at the edges, the word once for those that are close together. */
function Edges({ pen: { xs, ys, x, beyond } }: { pen: Pen }) {
  if (!beyond) return null;
  const edges = [
    { column: BEYOND.low - 1, word: beyond.low, tip: PLOT.top + PLOT.height, down: 1 },
    { column: BEYOND.high - 1, word: beyond.high, tip: PLOT.top, down: -1 },
  ];
  return (
    <g>
      {edges.map(({ column, word, tip, down }) => {
        let written = -Infinity;
        return xs.map((time, index) => {
          if (!ys[column]?.[index]) return null;
          const at = x(time);
          const isFirst = at - written > 48;
          if (isFirst) written = at;
          return (
            <g key={`${word}/${time}`}>
              <path className={styles.dot} d={`M${at} ${tip}l-4 ${-6 * down}h8Z`} />
              {isFirst ? (
                <text className={styles.word} x={at} y={tip - (down === 1 ? 10 : -20)} textAnchor="middle">
                  {word}
                </text>
              ) : null}
            </g>
          );
        });
      })}
    </g>
  );
}
