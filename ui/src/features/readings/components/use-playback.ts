// Plays a file through filters. The browser's own player keeps time and pitch; what shapes the sound stands behind it.
import { useCallback, useEffect, useRef, useState } from "react";
import type { Filter } from "../sound";

export interface Playback {
  /** Seconds. */
  at: number;
  isPlaying: boolean;
  toggle: () => void;
  seek: (at: number) => void;
}

/** Made at the first press: a browser lets no page make sound before somebody has asked for it. */
interface Bench {
  context: AudioContext;
  source: MediaElementAudioSourceNode;
  filters: BiquadFilterNode[];
}

function wire({ context, source, filters: before }: Bench, filters: readonly Filter[]): BiquadFilterNode[] {
  for (const node of [source, ...before]) node.disconnect();
  const nodes = filters.map((options) => new BiquadFilterNode(context, options));
  const end = nodes.reduce<AudioNode>((from, to) => from.connect(to), source);
  end.connect(context.destination);
  return nodes;
}

export function usePlayback(file: Blob, filters: readonly Filter[], speed: number): Playback {
  const [at, setAt] = useState(0);
  const [isPlaying, setPlaying] = useState(false);
  const player = useRef<HTMLAudioElement | null>(null);
  const bench = useRef<Bench | null>(null);
  const wanted = useRef(filters);

  useEffect(() => {
    const address = URL.createObjectURL(file);
    const audio = new Audio(address);
    audio.preload = "auto";
    player.current = audio;
    let frame = 0;
    const follow = () => {
      setAt(audio.currentTime);
      if (!audio.paused) frame = requestAnimationFrame(follow);
    };
    const tell = () => {
      setPlaying(!audio.paused);
      cancelAnimationFrame(frame);
      follow();
    };
    const signals = ["play", "pause", "ended", "seeked"] as const;
    for (const signal of signals) audio.addEventListener(signal, tell);
    return () => {
      for (const signal of signals) audio.removeEventListener(signal, tell);
      cancelAnimationFrame(frame);
      audio.pause();
      audio.removeAttribute("src");
      URL.revokeObjectURL(address);
      void bench.current?.context.close();
      bench.current = null;
      player.current = null;
    };
  }, [file]);

  useEffect(() => {
    wanted.current = filters;
    if (bench.current) bench.current.filters = wire(bench.current, filters);
  }, [filters]);

  useEffect(() => {
    if (player.current) player.current.playbackRate = speed;
  }, [speed, file]);

  const toggle = useCallback(() => {
    const audio = player.current;
    if (!audio) return;
    if (!audio.paused) {
      audio.pause();
      return;
    }
    if (!bench.current) {
      const context = new AudioContext();
      bench.current = { context, source: context.createMediaElementSource(audio), filters: [] };
      bench.current.filters = wire(bench.current, wanted.current);
    }
    // Both are refused only when the page is being left.
    void bench.current.context.resume().catch(() => {});
    audio.play().catch(() => setPlaying(false));
  }, []);

  const seek = useCallback((next: number) => {
    if (player.current) player.current.currentTime = next;
    setAt(next);
  }, []);

  return { at, isPlaying, toggle, seek };
}
