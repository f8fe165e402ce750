// Digests one file beside the page, which stays alive meanwhile. It is stopped by ending it.
import { digestOf } from "./digest";
import type { FromWorker } from "./digest-apart";

const tell = (word: FromWorker) => postMessage(word);

addEventListener("message", ({ data }: MessageEvent<Blob>) => {
  digestOf(data, (done) => tell({ done }), new AbortController().signal).then(
    (sha256) => tell({ sha256 }),
    () => tell({ isUnreadable: true }),
  );
});
