// The address of the server as a person types it, and whether Device Connect answers there.
import { problemOf } from "~/lib/problem";

const LOOPBACK = new Set(["localhost", "127.0.0.1"]);

/** The origin that was meant, or null. Health data goes by https; only this very machine may do without. */
export function serverOf(text: string): string | null {
  const typed = text.trim();
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(typed) ? typed : `https://${typed}`);
    const isHere = LOOPBACK.has(url.hostname);
    if (url.username || url.password || !(isHere || url.hostname.includes("."))) return null;
    return url.protocol === "https:" || (url.protocol === "http:" && isHere) ? url.origin : null;
  } catch {
    return null;
  }
}

export type Answer = "ours" | "silent" | "other";

/** Who asks who they are without being signed in is told so in our words: nobody else answers like that. */
export async function lookAt(origin: string, signal?: AbortSignal): Promise<Answer> {
  let answer: Response;
  try {
    answer = await fetch(`${origin}/api/v1/me`, { credentials: "omit", cache: "no-store", signal: signal ?? null });
  } catch {
    return "silent";
  }
  const said: unknown = await answer.json().catch(() => null);
  return answer.status === 401 && problemOf(answer, said).code === "unauthenticated" ? "ours" : "other";
}
