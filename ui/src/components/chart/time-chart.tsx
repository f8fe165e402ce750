// A chart over time on canvas. Colours come from the tokens, dates from Intl, and a cursor that keys and pointers share.
// Draws what it is given; knows no metric and converts nothing.
import { useEffect, useLayoutEffect, useRef, useState, type KeyboardEvent } from "react";
import { useIntl, type IntlShape } from "react-intl";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { isolated } from "~/lib/text";
import { useAppearance } from "~/lib/theme";
import { hourStyle } from "~/lib/time";
import { drawBeyond, type BeyondWords } from "./beyond";
import { drawDays } from "./days";
import { drawBars, drawCursor, drawBand, drawDots, drawRanges, ratio, readColours } from "./draw";
import { rangeOf, thinned, type Placed } from "./place";
import { listenToDrags } from "./drag";
import { drawPressures, placeBars } from "./pressure";
import styles from "./time-chart.module.css";
import { isWhole, moved, showing, type Window } from "./window";
import { WindowBar } from "./window-bar";

/** trend: single values, and a line of their averages · days: a bar above the date of each. */
export type ChartDrawing = "pressure" | "line" | "points" | "bars" | "trend" | "days";

export interface TimeChartProps {
  drawing: ChartDrawing;
  /** Seconds. */
  xs: number[];
  ys: (number | null)[][];
  /** Lowest to highest of each mark is shaded (rollups). */
  hasSpread: boolean;
  band: [number, number] | null;
  /** The words for what the sensor could not measure; the columns behind the values say where. */
  beyond: BeyondWords | null;
  /** At least this much of the value axis is shown, so that small changes do not look large. */
  floor: [number, number] | null;
  /** The ends of the time axis. */
  from: number;
  to: number;
  /** The dates below the axis, in seconds; without them they are where the chart likes. */
  ticks: readonly number[] | null;
  /** There is more in it than can be seen at once: a part can be looked at closer, and moved along. */
  isLong: boolean;
  /** How bars share a plot of so many pixels (pressure). */
  place: (wanted: readonly number[], plot: number) => Placed | null;
  /** Told how wide the plot has become. */
  onPlot: (width: number) => void;
  timeZone: string;
  unit: string;
  label: string;
  describedBy: string;
  /** Index into xs. */
  selected: number | null;
  selectedText: string;
  onSelect: (index: number | null) => void;
}

const HEIGHT = 280;
/** Room for the words below a tick. */
const TICK = 64;
const DAY_S = 86_400;

function axisTime(intl: IntlShape, timeZone: string, step: number) {
  const hours: Intl.DateTimeFormatOptions = { ...hourStyle(intl.locale), timeZone };
  const days: Intl.DateTimeFormatOptions = { day: "numeric", month: "short", timeZone };
  return (at: number) => isolated(intl, intl.formatDate(at * 1000, step < DAY_S ? hours : days));
}

function dates(read: () => TimeChartProps): Pick<uPlot.Axis, "splits"> {
  if (!read().ticks) return {};
  return { splits: (u) => thinned(read().ticks ?? [], Math.floor(u.bbox.width / ratio() / TICK)) };
}

const strong = (font: string) => `600 ${scaled(font)}`;
/** The axis is written in pixels of the page; what hooks draw counts in pixels of the canvas. */
const scaled = (font: string) => font.replace(/^[\d.]+/, (size) => String(parseFloat(size) * ratio()));

/** `read` gives the props of now: what moves with time and pointer is asked for at each drawing. */
function options(read: () => TimeChartProps, shown: () => Window, intl: IntlShape, width: number): uPlot.Options {
  const { drawing, hasSpread, band, beyond, floor, timeZone } = read();
  const colours = readColours();
  const font = `${Math.round(parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.824)}px system-ui, sans-serif`;
  const axis = { stroke: colours.muted, font, grid: { stroke: colours.line, width: 1 }, ticks: { stroke: colours.line, width: 1, size: 6 } };
  const line = drawing === "line";
  const hasDots = drawing === "points" || drawing === "trend";
  const hidden: uPlot.Series = { show: true, stroke: "transparent", width: 0, points: { show: false }, paths: () => null };
  // How often a sensor could not measure is no value: it must not stretch the axis.
  const counts: uPlot.Series = { ...hidden, auto: false };
  const spread: uPlot.Series = { ...hidden, paths: uPlot.paths.linear?.() };
  const average: uPlot.Series = { stroke: colours.series2, width: 2.25, spanGaps: false, points: { show: false } };
  const leftOf = (u: uPlot, index: number | null) => {
    const x = index === null ? undefined : u.data[0][index];
    if (index === null || x === undefined) return undefined;
    return drawing === "pressure" ? placeBars(u, read().place).xs[index] : u.valToPos(x, "x");
  };
  return {
    width,
    height: HEIGHT,
    padding: [12, 22, 0, 0],
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), timeZone),
    legend: { show: false },
    cursor: { y: false, x: false, drag: { x: false, y: false, setScale: false }, points: { show: false } },
    scales: {
      x: { time: true, range: () => [...shown()] },
      y: {
        range: (_, low, high) => rangeOf(low, high, { floor, isFromZero: drawing === "bars" || drawing === "days", hasEdges: beyond !== null }),
      },
    },
    axes: [
      {
        ...axis,
        space: TICK,
        grid: { show: false },
        ...dates(read),
        values: (_, splits, __, ___, step) => splits.map(axisTime(intl, timeZone, read().ticks ? DAY_S : step)),
      },
      { ...axis, size: drawing === "days" ? 62 : 52, ticks: { show: false }, values: (_, splits) => splits.map((value) => intl.formatNumber(value)) },
    ],
    bands: hasSpread && line ? [{ series: [3, 2], fill: colours.spread }] : [],
    series: [
      {},
      line
        ? { stroke: colours.series1, width: 2.25, spanGaps: false, points: { show: (u) => u.data[0].length < 90, size: 7, width: 0, fill: colours.series1 } }
        : hidden,
      ...read().ys.slice(1).map((_, index) => {
        if (drawing === "trend" && index === 2) return average;
        return index > 1 && (beyond || drawing === "days") ? counts : line && hasSpread ? spread : hidden;
      }),
    ],
    hooks: {
      drawClear: [(u) => (band ? drawBand(u, band, colours) : undefined)],
      draw: [
        (u) => {
          read().onPlot(Math.round(u.bbox.width / ratio()));
          if (drawing === "pressure") drawPressures(u, placeBars(u, read().place), colours);
          if (hasDots && hasSpread) drawRanges(u, colours.range);
          if (hasDots) drawDots(u, 1, colours.series1, colours.surface, 4.5, 2);
          if (drawing === "bars") drawBars(u, 1, colours.series1, 2, 22);
          if (drawing === "days") drawDays(u, colours);
          if (beyond) drawBeyond(u, beyond, strong(font), colours);
          drawCursor(u, leftOf(u, read().selected), colours);
        },
      ],
      setCursor: [
        (u) => {
          const { left, idx, event } = u.cursor;
          if (event && "buttons" in event && event.buttons > 0 && event.type === "mousemove") return; // it is being dragged
          if (left === undefined || left < 0) return;
          read().onSelect(drawing === "pressure" ? nearest(placeBars(u, read().place).xs, left) : (idx ?? null));
        },
      ],
    },
  };
}

/** By where bars are drawn: two of one time stand beside it, and a pointer must reach both. */
function nearest(lefts: readonly number[], left: number): number | null {
  let best: number | null = null;
  lefts.forEach((one, index) => {
    if (best === null || Math.abs(one - left) < Math.abs((lefts[best] ?? 0) - left)) best = index;
  });
  return best;
}

export default function TimeChart(props: TimeChartProps) {
  const intl = useIntl();
  const appearance = useAppearance();
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const latest = useRef(props);
  useLayoutEffect(() => {
    latest.current = props;
  });

  const { drawing, hasSpread, timeZone, xs, ys, from, to, isLong, selected, onSelect } = props;
  const [part, setPart] = useState<Window | null>(null);
  const whole: Window = [from, to];
  const view: Window = part && isLong ? moved(part, whole, 0) : whole;
  const dragged = useRef<Window | null>(null);
  const sight = useRef({ window: view, whole });
  useLayoutEffect(() => {
    sight.current = { window: view, whole };
  });
  const shape = `${appearance}/${drawing}/${hasSpread}/${timeZone}/${intl.locale}/${props.floor?.join()}/${props.band?.join()}/${props.beyond?.low}`;

  // A new plot for a new look; new data goes into the plot that is there.
  useEffect(() => {
    const element = host.current;
    if (!element) return;
    const width = () => Math.max(element.clientWidth, 120);
    const chart = new uPlot(
      options(() => latest.current, () => dragged.current ?? sight.current.window, intl, width()),
      [latest.current.xs, ...latest.current.ys] as uPlot.AlignedData,
      element,
    );
    plot.current = chart;
    const watcher = new ResizeObserver(() => chart.setSize({ width: width(), height: HEIGHT }));
    watcher.observe(element);
    const stopDrags = listenToDrags(chart, {
      read: () => sight.current,
      show: (now) => {
        dragged.current = now;
        chart.setScale("x", { min: now[0], max: now[1] });
      },
      done: (now) => {
        dragged.current = null;
        setPart(now);
      },
    });
    return () => {
      stopDrags();
      watcher.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [shape, intl]);

  useEffect(() => {
    const frame = requestAnimationFrame(() => plot.current?.setData([xs, ...ys] as uPlot.AlignedData));
    return () => cancelAnimationFrame(frame);
  }, [xs, ys, from, to, part]);

  useEffect(() => {
    plot.current?.redraw(false, false);
  }, [selected]);

  const move = (event: KeyboardEvent) => {
    const next = stepTo(event.key, selected, xs, ys);
    if (next === undefined) return;
    event.preventDefault();
    onSelect(next);
    const at = next === null ? undefined : xs[next];
    if (at !== undefined && !isWhole(view, whole)) setPart(showing(view, whole, at));
  };

  // Time runs from left to right in every language: a chart that a doctor and a patient talk about must not be mirrored
  // between them, and medical charts are printed this way in Arabic too. The arrow keys move as the marks do.
  return (
    <>
      <div
        className={styles.chart}
        dir="ltr"
        role="slider"
        tabIndex={0}
        aria-label={props.label}
        aria-describedby={props.describedBy}
        aria-valuemin={0}
        aria-valuemax={Math.max(xs.length - 1, 0)}
        aria-valuenow={selected ?? Math.max(xs.length - 1, 0)}
        aria-valuetext={props.selectedText}
        onKeyDown={move}
        onBlur={() => onSelect(null)}
      >
        <div ref={host} aria-hidden="true" onMouseLeave={() => onSelect(null)} />
      </div>
      {isLong ? <WindowBar window={view} whole={whole} onWindow={setPart} /> : null}
    </>
  );
}

/** The next mark for a key; holes between lines are stepped over. Undefined: not our key. */
export function stepTo(key: string, selected: number | null, xs: readonly number[], ys: readonly (number | null)[][]): number | null | undefined {
  const solid = (index: number) => ys.some((column) => column[index] !== null && column[index] !== undefined);
  const seek = (from: number, by: 1 | -1): number | null => {
    for (let index = from; index >= 0 && index < xs.length; index += by) if (solid(index)) return index;
    return selected;
  };
  const last = xs.length - 1;
  switch (key) {
    case "ArrowLeft":
      return selected === null ? seek(last, -1) : seek(selected - 1, -1);
    case "ArrowRight":
      return selected === null ? seek(last, -1) : seek(selected + 1, 1);
    case "Home":
      return seek(0, 1);
    case "End":
      return seek(last, -1);
    case "Escape":
      return null;
    default:
      return undefined;
  }
}
