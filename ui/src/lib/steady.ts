// A value that changes many times a second, taken over now and then: what is drawn of it takes longer than a frame.
import { useEffect, useRef, useState } from "react";

/** `isUrgent`: the change from one to the other cannot wait. Everything else is shown at most `everyMs` later. */
export function useSteady<T>(value: T, everyMs: number, isUrgent: (shown: T, now: T) => boolean): T {
  const [shown, setShown] = useState(value);
  const last = useRef(0);
  const isNow = isUrgent(shown, value);
  useEffect(() => {
    if (Object.is(shown, value)) return;
    const wait = isNow ? 0 : Math.max(0, last.current + everyMs - performance.now());
    const timer = setTimeout(() => {
      last.current = performance.now();
      setShown(() => value);
    }, wait);
    return () => clearTimeout(timer);
  }, [shown, value, isNow, everyMs]);
  return isNow ? value : shown;
}
