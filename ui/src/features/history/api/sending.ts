// One file from the choice of it to its place: judged by its first bytes, then sent. Leaving the page stops it.
import { useCallback, useEffect, useReducer, useRef } from "react";
import { ApiProblem } from "~/lib/problem";
import { digestApart } from "~/lib/uploads/digest-apart";
import { UploadMemory } from "~/lib/uploads/memory";
import { restUntilOnline, upload } from "~/lib/uploads/uploads";
import { CHOOSING, HEAD, judged, next } from "../view";

/** What has arrived, and for which device. */
export interface Arrived {
  id: string;
  connectionId: string;
  size: number;
}

export function useSending(connectionId: string | undefined, onArrived: (file: Arrived) => void) {
  const [sending, dispatch] = useReducer(next, CHOOSING);
  const underWay = useRef<AbortController | null>(null);
  const isUnderWay = sending.at !== "choosing";

  useEffect(() => () => underWay.current?.abort(), []);
  useEffect(() => {
    if (!isUnderWay) return;
    // The browser asks in its own words before it closes what is not finished.
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [isUnderWay]);

  const choose = useCallback(
    async (file: File) => {
      if (!connectionId || underWay.current) return;
      const { signal } = (underWay.current = new AbortController());
      try {
        const found = judged(file.size, await headOf(file));
        if ("refusal" in found) {
          dispatch({ type: "refused", refusal: found.refusal });
          return;
        }
        dispatch({ type: "began", name: file.name, size: file.size });
        const wish = { connectionId, kind: "apple_export" as const, contentType: found.contentType, file };
        const id = await upload(wish, {
          memory: new UploadMemory(),
          digest: digestApart,
          rest: (attempt, signal, { code }) => {
            if (code === "network") dispatch({ type: "waits" });
            return restUntilOnline(attempt, signal);
          },
          now: Date.now,
          onProgress: (step, done) => dispatch({ type: "moved", step, done }),
          signal,
        });
        // Who left in the last moment stays where they are now: the file has arrived, and is read without them.
        signal.throwIfAborted();
        onArrived({ id, connectionId, size: file.size });
      } catch (error) {
        dispatch(signal.aborted ? { type: "stopped" } : { type: "failed", error });
      } finally {
        underWay.current = null;
      }
    },
    [connectionId, onArrived],
  );
  const stop = useCallback(() => underWay.current?.abort(), []);
  return { sending, choose, stop };
}

async function headOf(file: File): Promise<Uint8Array> {
  try {
    return new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  } catch {
    throw new ApiProblem(0, "file_unreadable");
  }
}
