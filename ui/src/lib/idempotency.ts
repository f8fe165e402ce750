// One key for one wish: a retry of the same request carries the same Idempotency-Key, a changed one gets a new key.
import { useCallback, useRef } from "react";
import { newKey } from "./api";

export function useKeyOf(): (wish: unknown) => { "Idempotency-Key": string } {
  const kept = useRef<{ wish: string; key: { "Idempotency-Key": string } } | null>(null);
  return useCallback((wish) => {
    const text = JSON.stringify(wish);
    if (kept.current?.wish !== text) kept.current = { wish: text, key: newKey() };
    return kept.current.key;
  }, []);
}
