// A large target with a picture, a title and a line of explanation. Pressing it is the choice.
import type { ReactNode } from "react";
import { Button } from "react-aria-components/Button";
import { Icon } from "~/components/ui/icon";
import styles from "./choice.module.css";

interface ChoiceProps {
  picture?: ReactNode;
  title: string;
  text?: ReactNode;
  mark?: string;
  onPress: () => void;
  isDisabled?: boolean;
  layout?: "row" | "tile";
  autoFocus?: boolean;
}

export function Choice({ picture, title, text, mark, onPress, isDisabled, layout = "row", autoFocus }: ChoiceProps) {
  return (
    <Button className={`${styles.choice} ${styles[layout]}`} onPress={onPress} isDisabled={isDisabled} autoFocus={autoFocus}>
      {picture}
      <span className={styles.words}>
        <span className={styles.title}>{title}</span>
        {text ? <span className={styles.text}>{text}</span> : null}
        {mark ? <span className={styles.mark}>{mark}</span> : null}
      </span>
      {layout === "row" ? <Icon name="next" /> : null}
    </Button>
  );
}
