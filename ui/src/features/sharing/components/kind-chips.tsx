// Kinds of readings side by side; every kind is one word.
import type { Kind } from "~/lib/api-types";
import { areAll } from "~/lib/kind-words";
import { useText } from "~/lib/text";
import styles from "./sharing.module.css";

export function KindChips({ label, kinds }: { label: string; kinds: readonly Kind[] }) {
  const t = useText();
  return (
    <ul className={styles.kinds} aria-label={label}>
      {areAll(kinds) ? <li>{t("kinds.all.chip")}</li> : kinds.map((kind) => <li key={kind}>{t(`kind.${kind}`)}</li>)}
    </ul>
  );
}
