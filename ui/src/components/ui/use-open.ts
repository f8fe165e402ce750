// What is open over a page, and where the focus goes when it closes: back to what opened it. When that is gone, or the
// dialog had several steps, nobody else knows where that was; then the page's heading is the place to go on from.
import { useCallback, useRef, useState } from "react";

export function useOpen<T>(): [T | null, (next: T) => void, () => void] {
  const [open, setOpen] = useState<T | null>(null);
  const from = useRef<Element | null>(null);
  const show = useCallback((next: T) => {
    from.current = document.activeElement;
    setOpen(next);
  }, []);
  const close = useCallback(() => {
    setOpen(null);
    // After the dialog has gone and has tried by itself.
    requestAnimationFrame(() => requestAnimationFrame(() => goBack(from.current)));
  }, []);
  return [open, show, close];
}

function goBack(from: Element | null) {
  if (document.activeElement && document.activeElement !== document.body) return;
  const target = from?.isConnected ? from : document.querySelector("main h1");
  if (target instanceof HTMLElement) target.focus();
}
