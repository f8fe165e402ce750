// An ECG at the size of paper: a second is 25 mm wide and a millivolt 10 mm high. Only the part in sight is drawn.
import { useCallback, useEffect, useId, useRef, useState, type KeyboardEvent } from "react";
import { useIntl } from "react-intl";
import { ratio, readColours } from "~/components/chart/draw";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { useText } from "~/lib/text";
import { useAppearance } from "~/lib/theme";
import { numberText } from "~/lib/units";
import { extremesOf, lengthOf, moveTo, parseWaveform, sliceAt, type Slice, type Waveform } from "../waveform";
import styles from "./recordings.module.css";

const PX_PER_MM = 4;
const PX_PER_S = 25 * PX_PER_MM;
const PX_PER_MV = 10 * PX_PER_MM;
const SQUARE = 5 * PX_PER_MM;

interface WaveformViewProps {
  file: Blob;
  /** What the reading says of it. */
  hz: number | null;
  onUnknown: () => void;
}

export function WaveformView({ file, hz, onUnknown }: WaveformViewProps) {
  const [wave, setWave] = useState<Waveform | null>(null);
  const unknown = useRef(onUnknown);
  useEffect(() => {
    unknown.current = onUnknown;
  }, [onUnknown]);
  useEffect(() => {
    let isGone = false;
    void file.text().then((text) => {
      if (isGone) return;
      const found = parseWaveform(text, hz);
      if (found) setWave(found);
      else unknown.current();
    });
    return () => {
      isGone = true;
    };
  }, [file, hz]);
  if (wave) return <Trace wave={wave} />;
  return (
    <Loading>
      <Skeleton height={240} />
    </Loading>
  );
}

function Trace({ wave }: { wave: Waveform }) {
  const t = useText();
  const intl = useIntl();
  const told = useId();
  const appearance = useAppearance();
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const total = lengthOf(wave);
  const [slice, setSlice] = useState<Slice>({ from: 0, to: 0 });

  const look = useCallback(() => {
    const element = scroller.current;
    if (element) setSlice(sliceAt(element.scrollLeft / PX_PER_S, element.clientWidth / PX_PER_S, total));
  }, [total]);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    return () => watcher.disconnect();
  }, [look]);
  useEffect(() => {
    if (canvas.current && scroller.current) drawTrace(canvas.current, scroller.current.clientWidth, wave, slice);
  }, [wave, slice, appearance]);

  const onKey = (event: KeyboardEvent) => {
    const next = moveTo(event.key, slice, total);
    if (next === undefined || !scroller.current) return;
    event.preventDefault();
    scroller.current.scrollLeft = next * PX_PER_S;
  };
  const second = (at: number) => numberText(intl, at, 0);
  return (
    <div className={styles.player}>
      <p className={styles.text}>{t("ecg.summary", { total: Math.round(total), hz: numberText(intl, wave.hz, 0) })}</p>
      {/* A place that scrolls must be reachable by keyboard. */}
      {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions */}
      <div
        ref={scroller}
        className={styles.trace}
        dir="ltr"
        role="region"
        tabIndex={0} // oxlint-disable-line jsx-a11y/no-noninteractive-tabindex
        aria-label={t("ecg.label")}
        aria-describedby={told}
        onScroll={look}
        onKeyDown={onKey}
      >
        <div style={{ inlineSize: Math.max(total * PX_PER_S, 1), blockSize: "100%" }}>
          <canvas ref={canvas} aria-hidden="true" />
        </div>
      </div>
      <p id={told} className="number" aria-live="polite">
        {t("ecg.window", { from: second(slice.from), to: second(slice.to), total: second(total) })}
      </p>
      <p className={styles.text}>{t(wave.unit ? "ecg.grid" : "ecg.gridTime")}</p>
    </div>
  );
}

function drawTrace(canvas: HTMLCanvasElement, shown: number, wave: Waveform, { from, to }: Slice) {
  const ctx = canvas.getContext("2d");
  const width = Math.min(shown, Math.ceil(lengthOf(wave) * PX_PER_S));
  const height = canvas.clientHeight;
  if (!ctx || width === 0) return;
  canvas.style.inlineSize = `${width}px`;
  canvas.width = width * ratio();
  canvas.height = height * ratio();
  ctx.scale(ratio(), ratio());
  const colours = readColours();
  const [low, high] = extremesOf(wave.samples);
  const middle = (low + high) / 2;
  // Paper's height where the file says what its numbers are and they fit; else as high as there is room.
  const fitting = (height * 0.86) / Math.max(high - low, 1e-9);
  const tall = wave.unit && fitting >= PX_PER_MV ? PX_PER_MV : fitting;
  const square = wave.unit ? tall / 2 : 0;
  drawPaper(ctx, width, height, from, square, middle, tall, colours.line);

  ctx.beginPath();
  const first = Math.max(Math.floor(from * wave.hz), 0);
  const last = Math.min(Math.ceil(to * wave.hz), wave.samples.length - 1);
  for (let index = first; index <= last; index += 1) {
    ctx.lineTo((index / wave.hz - from) * PX_PER_S, height / 2 - ((wave.samples[index] ?? 0) - middle) * tall);
  }
  ctx.strokeStyle = colours.series1;
  ctx.lineWidth = 1.75;
  ctx.lineJoin = "round";
  ctx.stroke();
}

/** Squares of 0.2 s and 0.5 mV; without a unit only the upright lines, which are time. */
function drawPaper(ctx: CanvasRenderingContext2D, width: number, height: number, from: number, square: number, middle: number, tall: number, colour: string) {
  ctx.beginPath();
  for (let x = -((from * PX_PER_S) % SQUARE); x <= width; x += SQUARE) {
    ctx.moveTo(x, 0);
    ctx.lineTo(x, height);
  }
  if (square > 0) {
    const zero = height / 2 + middle * tall;
    for (let y = zero % square; y <= height; y += square) {
      ctx.moveTo(0, y);
      ctx.lineTo(width, y);
    }
  }
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.stroke();
}
