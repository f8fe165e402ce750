// What the platform counts over many values is asked again when one comes, and not more often than is worth its cost.
import type { QueryClient, QueryKey } from "@tanstack/react-query";
import { MINUTE } from "./time";

interface Asked {
  at: number;
  later?: ReturnType<typeof setTimeout>;
}

const asked = new WeakMap<QueryClient, Map<string, Asked>>();

/** At once for the first value, then at most once a minute; the last value is always counted. */
export function askAgain(client: QueryClient, queryKey: QueryKey): void {
  const known = asked.get(client) ?? new Map<string, Asked>();
  asked.set(client, known);
  const name = JSON.stringify(queryKey);
  const before = known.get(name);
  if (before?.later !== undefined) return;
  const ask = () => {
    known.set(name, { at: Date.now() });
    void client.invalidateQueries({ queryKey });
  };
  const wait = before ? before.at + MINUTE - Date.now() : 0;
  if (wait <= 0) ask();
  else known.set(name, { at: before!.at, later: setTimeout(ask, wait) });
}
