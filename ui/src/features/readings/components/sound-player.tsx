// A sound: its picture, play and skip, half speed, the two sides of a stethoscope. Nothing plays before it is asked to.
import { useEffect, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import { Button } from "~/components/ui/button";
import { Segments } from "~/components/ui/segments";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ratio, readColours } from "~/components/chart/draw";
import { useAppearance } from "~/lib/theme";
import { useText } from "~/lib/text";
import { clockOf } from "../recordings";
import { FILTER_IDS, FILTERS, peaksOf, seekTo, SKIP_S, skipped, SPEEDS, type FilterId, type Speed } from "../sound";
import styles from "./recordings.module.css";
import { usePlayback } from "./use-playback";

const STROKES = 400;
/** Enough for a picture, and less to hold than the sound itself. */
const PICTURE_HZ = 8000;

interface Picture {
  peaks: Float32Array;
  total: number;
}

/** Decoding needs no permission to play; what cannot be decoded here is told. */
function usePicture(file: Blob, onUnknown: () => void): Picture | null {
  const [picture, setPicture] = useState<Picture | null>(null);
  const unknown = useRef(onUnknown);
  useEffect(() => {
    unknown.current = onUnknown;
  }, [onUnknown]);
  useEffect(() => {
    let isGone = false;
    const draw = async () => {
      const sound = await new OfflineAudioContext(1, 1, PICTURE_HZ).decodeAudioData(await file.arrayBuffer());
      if (!isGone) setPicture({ peaks: peaksOf(sound.getChannelData(0), STROKES), total: sound.duration });
    };
    draw().catch(() => {
      if (!isGone) unknown.current();
    });
    return () => {
      isGone = true;
    };
  }, [file]);
  return picture;
}

export function SoundPlayer({ file, onUnknown }: { file: Blob; onUnknown: () => void }) {
  const picture = usePicture(file, onUnknown);
  return picture ? (
    <Player file={file} picture={picture} />
  ) : (
    <Loading>
      <Skeleton height={240} />
    </Loading>
  );
}

function Player({ file, picture: { peaks, total } }: { file: Blob; picture: Picture }) {
  const t = useText();
  const [filter, setFilter] = useState<FilterId>("all");
  const [speed, setSpeed] = useState<Speed>("1");
  const { at, isPlaying, toggle, seek } = usePlayback(file, FILTERS[filter], Number(speed));
  const [from, to] = FILTERS[filter].map(({ frequency }) => frequency);

  return (
    <div className={styles.player}>
      <Peaks peaks={peaks} at={at} total={total} onSeek={seek} />
      <div className={styles.controls}>
        <Button look="primary" onPress={toggle}>
          {t(isPlaying ? "sound.pause" : "sound.play")}
        </Button>
        <Button onPress={() => seek(skipped(at, -SKIP_S, total))}>{t("sound.back")}</Button>
        <Button onPress={() => seek(skipped(at, SKIP_S, total))}>{t("sound.forward")}</Button>
        <span className="number">{t("sound.position", { at: clockOf(at), total: clockOf(total) })}</span>
      </div>
      <div className={styles.choices}>
        <Segments
          label={t("sound.speed")}
          value={speed}
          onChange={setSpeed}
          choices={SPEEDS.map((id) => ({ id, text: t(`sound.speed.${id}`), name: t(`sound.speed.${id}.name`) }))}
        />
        <Segments
          label={t("sound.filter")}
          value={filter}
          onChange={setFilter}
          choices={FILTER_IDS.map((id) => ({ id, text: t(`sound.filter.${id}`) }))}
        />
      </div>
      <p className={styles.text}>
        {t(`sound.filter.${filter}.what`, { from, to })} {t("sound.hint")}
      </p>
    </div>
  );
}

interface PeaksProps {
  peaks: Float32Array;
  at: number;
  total: number;
  onSeek: (at: number) => void;
}

function Peaks({ peaks, at, total, onSeek }: PeaksProps) {
  const t = useText();
  const appearance = useAppearance();
  const canvas = useRef<HTMLCanvasElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return;
    const watcher = new ResizeObserver(() => setWidth(element.clientWidth));
    watcher.observe(element);
    return () => watcher.disconnect();
  }, []);
  useEffect(() => {
    if (canvas.current) drawPeaks(canvas.current, peaks, total > 0 ? at / total : 0);
  }, [peaks, at, total, width, appearance]);

  const onKey = (event: KeyboardEvent) => {
    const next = seekTo(event.key, at, total);
    if (next === undefined) return;
    event.preventDefault();
    onSeek(next);
  };
  const onClick = ({ currentTarget, clientX }: MouseEvent) => {
    const { left, width: whole } = currentTarget.getBoundingClientRect();
    onSeek(((clientX - left) / whole) * total);
  };
  return (
    <div
      className={styles.sound}
      dir="ltr"
      role="slider"
      tabIndex={0}
      aria-label={t("sound.label")}
      aria-valuemin={0}
      aria-valuemax={Math.round(total)}
      aria-valuenow={Math.round(at)}
      aria-valuetext={t("sound.spoken", { at: Math.round(at), total: Math.round(total) })}
      onKeyDown={onKey}
      onClick={onClick}
    >
      <canvas ref={canvas} aria-hidden="true" />
    </div>
  );
}

/** What was played is darker, and a line stands where the sound is. */
function drawPeaks(canvas: HTMLCanvasElement, peaks: Float32Array, played: number) {
  const ctx = canvas.getContext("2d");
  if (!ctx) return;
  const colours = readColours();
  const [width, height] = [canvas.clientWidth * ratio(), canvas.clientHeight * ratio()];
  canvas.width = width;
  canvas.height = height;
  const step = width / peaks.length;
  peaks.forEach((peak, index) => {
    const tall = Math.max(peak * height * 0.9, ratio());
    ctx.fillStyle = (index + 0.5) / peaks.length <= played ? colours.text : colours.series1;
    ctx.fillRect(index * step, (height - tall) / 2, Math.max(step * 0.7, 1), tall);
  });
  ctx.fillStyle = colours.text;
  ctx.fillRect(Math.min(played * width, width - 2 * ratio()), 0, 2 * ratio(), height);
}
