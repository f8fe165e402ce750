// A card that takes the place of what was pressed: the focus goes on in it.
import { useEffect, useRef, type ReactNode } from "react";
import styles from "./history.module.css";

export function Panel({ label, children }: { label: string; children: ReactNode }) {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => panel.current?.focus({ preventScroll: true }), []);
  return (
    <section ref={panel} className={styles.card} aria-label={label} tabIndex={-1}>
      {children}
    </section>
  );
}
