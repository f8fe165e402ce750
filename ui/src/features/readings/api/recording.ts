// The file behind a recording: a signed address that is good for a minute, then its bytes.
import { queryOptions } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import { keys } from "~/lib/keys";
import { ApiProblem } from "~/lib/problem";

/** Below the person and the device, so that a consent that ends takes it away. Forgotten soon after it is closed. */
export const recordingQuery = (patientId: string, connectionId: string, uploadId: string) =>
  queryOptions({
    queryKey: [...keys.device(patientId, connectionId), "recording", uploadId],
    queryFn: async ({ signal }): Promise<Blob> => {
      const { url } = await ask(api.GET("/api/v1/uploads/{upload_id}/url", { params: { path: { upload_id: uploadId } }, signal }));
      return download(url, signal);
    },
    staleTime: Infinity,
    gcTime: 60_000,
  });

/** From the store, which knows nobody: no cookie goes there. */
async function download(url: string, signal: AbortSignal): Promise<Blob> {
  let answer: Response;
  try {
    answer = await fetch(url, { signal, credentials: "omit", cache: "no-store", referrerPolicy: "no-referrer" });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new ApiProblem(0, "network");
  }
  // Whatever the store says, it is no word about the session: asking again gives a fresh address.
  if (!answer.ok) throw new ApiProblem(503, "unavailable");
  return answer.blob();
}
