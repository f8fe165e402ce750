// Something is being waited for: quiet rings around its picture, still ones where motion is not wanted.
import type { ReactNode } from "react";
import styles from "./waiting.module.css";

export function Waiting({ children }: { children: ReactNode }) {
  return <span className={styles.waiting}>{children}</span>;
}
