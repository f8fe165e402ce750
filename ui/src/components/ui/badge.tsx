// A state as icon, word and tint; the colour comes last.
import type { ReactNode } from "react";
import styles from "./badge.module.css";
import { Icon, type IconName } from "./icon";

export type Tint = "ok" | "info" | "warn" | "neutral";

export function Badge({ icon, tint, children }: { icon: IconName; tint: Tint; children: ReactNode }) {
  return (
    <span className={`${styles.badge} ${styles[tint]}`}>
      <Icon name={icon} size={16} />
      {children}
    </span>
  );
}
