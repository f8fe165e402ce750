// The last item is always a human, with a text for support that holds no value.
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { useText } from "~/lib/text";
import styles from "./fix.module.css";

export function Support({ text }: { text: string }) {
  const t = useText();
  const [said, setSaid] = useState<"copied" | "failed" | null>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("copied");
    } catch {
      setSaid("failed");
    }
  };
  return (
    <div className={styles.support}>
      <Button onPress={() => void copy()}>{t("fix.copy")}</Button>
      <p role="status">{said ? t(said === "copied" ? "fix.copied" : "fix.copy.failed") : null}</p>
      {said === "failed" ? (
        <pre className={styles.text} tabIndex={0} role="region" aria-label={t("fix.copy")}>
          {text}
        </pre>
      ) : null}
    </div>
  );
}
