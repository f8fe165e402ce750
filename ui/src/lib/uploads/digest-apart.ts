// Digesting a file in a worker of its own; in the page where there are none.
import { ApiProblem } from "../problem";
import { digestOf, type Digest } from "./digest";

export type FromWorker = { done: number } | { sha256: string } | { isUnreadable: true };

/** Of ours: the browser may not read the file any more. It was moved, changed or deleted after it was chosen. */
const unreadable = () => new ApiProblem(0, "file_unreadable");

export const digestApart: Digest = (file, onDone, signal) =>
  ("Worker" in globalThis ? inWorker : inPage)(file, onDone, signal);

const inPage: Digest = async (file, onDone, signal) => {
  try {
    return await digestOf(file, onDone, signal);
  } catch (error) {
    throw signal.aborted ? error : unreadable();
  }
};

const inWorker: Digest = (file, onDone, signal) => {
  const worker = new Worker(new URL("./digest-worker.ts", import.meta.url), { type: "module" });
  const answer = new Promise<string>((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      if ("done" in data) onDone(data.done);
      else if ("sha256" in data) resolve(data.sha256);
      else reject(unreadable());
    });
    // Its code could not be loaded: the line is gone.
    worker.addEventListener("error", () => reject(new ApiProblem(0, "network")));
  });
  worker.postMessage(file);
  return answer.finally(() => worker.terminate());
};
