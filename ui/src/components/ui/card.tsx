// A surface with one border. Cards are never put into cards.
import type { ReactNode } from "react";
import styles from "./card.module.css";

export function Card({ children, labelledBy, as: Tag = "section" }: { children: ReactNode; labelledBy?: string; as?: "section" | "div" | "article" | "li" }) {
  return (
    <Tag className={styles.card} aria-labelledby={labelledBy}>
      {children}
    </Tag>
  );
}
