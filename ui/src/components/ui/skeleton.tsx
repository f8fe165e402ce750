// A still grey shape of the height that will come, shown only when waiting takes longer than a blink.
import { useText } from "~/lib/text";
import styles from "./skeleton.module.css";

export function Skeleton({ height, width }: { height: number; width?: number | string }) {
  return <span className={styles.skeleton} style={{ blockSize: height, inlineSize: width ?? "100%" }} aria-hidden="true" />;
}

export function Loading({ children }: { children: React.ReactNode }) {
  const t = useText();
  return (
    <div className={styles.loading} role="status">
      <span className="visually-hidden">{t("app.loading")}</span>
      {children}
    </div>
  );
}
