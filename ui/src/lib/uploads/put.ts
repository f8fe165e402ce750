// A file to the object store. XMLHttpRequest, because fetch does not tell how much has left.
import { ApiProblem } from "../problem";
import type { Told } from "./told";

interface Address {
  url: string;
  headers: Record<string, string>;
}

/** Without our credentials, for the address is its own proof: a request to another place takes none by itself. */
export async function put({ url, headers }: Address, file: Blob, onDone: Told, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const request = new XMLHttpRequest();
  const answer = new Promise<void>((resolve, reject) => {
    request.upload.addEventListener("progress", ({ loaded }) => onDone(loaded));
    request.addEventListener("load", () => (isGood(request.status) ? resolve() : reject(new ApiProblem(request.status, "upload_refused"))));
    request.addEventListener("error", () => reject(new ApiProblem(0, "network")));
    const stop = () => {
      request.abort();
      reject(signal.reason);
    };
    signal.addEventListener("abort", stop, { once: true });
  });
  request.open("PUT", url);
  for (const [name, text] of Object.entries(headers)) request.setRequestHeader(name, text);
  request.send(file);
  await answer;
}

const isGood = (status: number) => status >= 200 && status < 300;
