// The live stream for components: is it on, and keep a person's stream open while a page shows them.
import type { QueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { api, ask } from "./api";
import { EventStream } from "./companion/event-stream";
import { serverHere } from "./companion/here";
import type { LiveState, LiveStream, Ports } from "./events";
import { keys } from "./keys";
import { ApiProblem } from "./problem";

export const LiveContext = createContext<LiveStream | null>(null);

/** The stream's code is fetched beside the first page, not before it. */
export function useOpenLive(client: QueryClient, reader: string | undefined, ended: () => void): LiveStream | null {
  const [live, setLive] = useState<LiveStream | null>(null);
  const onEnded = useRef(ended);
  useEffect(() => {
    onEnded.current = ended;
  }, [ended]);
  useEffect(() => {
    if (!reader) return;
    let stop = () => {};
    let isGone = false;
    void Promise.all([import("./events"), import("./live-cache")]).then(([events, cache]) => {
      if (isGone) return;
      const deliver: Ports["deliver"] = (frames) => cache.applyFrames(client, reader, frames);
      const stream = new events.LiveStream({ ...portsFor(client, reader, () => onEnded.current()), deliver });
      stop = stream.start();
      setLive(stream);
    });
    return () => {
      isGone = true;
      stop();
      setLive(null);
    };
  }, [client, reader]);
  return live;
}

function portsFor(client: QueryClient, reader: string, ended: () => void): Omit<Ports, "deliver"> {
  return {
    ticket: async () => {
      try {
        return (await ask(api.POST("/api/v1/live/ticket"))).ticket;
      } catch (error) {
        if (error instanceof ApiProblem && error.status === 401) ended();
        throw error;
      }
    },
    socket: (ticket) => {
      const url = new URL(`/ws/live?ticket=${encodeURIComponent(ticket)}`, import.meta.env.VITE_APP ? serverHere() : location.href);
      url.protocol = url.protocol.replace("http", "ws");
      return new WebSocket(url);
    },
    stream: (patientId, cursor) => {
      const url = new URL("/api/v1/stream", import.meta.env.VITE_APP ? serverHere() : location.href);
      url.searchParams.set("patient_id", patientId);
      if (cursor) url.searchParams.set("after", cursor);
      return import.meta.env.VITE_APP ? new EventStream(url) : new EventSource(url);
    },
    missed: (patientId) => {
      void client.invalidateQueries({ queryKey: keys.patient(patientId) });
      if (patientId !== reader) void client.invalidateQueries({ queryKey: keys.connections(reader) });
    },
    ended,
  };
}

const OFF: LiveState = { phase: "idle", liveAt: null };
const nothing = () => () => {};
const off = () => OFF;

export function useLiveState(): LiveState {
  const live = useContext(LiveContext);
  return useSyncExternalStore(live?.watch ?? nothing, live?.read ?? off);
}

export function useLivePatients(patientIds: readonly string[]): void {
  const live = useContext(LiveContext);
  const joined = [...new Set(patientIds)].sort().join(" ");
  useEffect(() => {
    if (!live || !joined) return;
    const stops = joined.split(" ").map((id) => live.subscribe(id));
    return () => {
      for (const stop of stops) stop();
    };
  }, [live, joined]);
}

/** Whether the browser believes that it has a network. */
export function useOnline(): boolean {
  return useSyncExternalStore(
    (watcher) => {
      addEventListener("online", watcher);
      addEventListener("offline", watcher);
      return () => {
        removeEventListener("online", watcher);
        removeEventListener("offline", watcher);
      };
    },
    () => navigator.onLine,
  );
}
