// A switch with a title and a line that explains it. The whole row is the target.
import { Switch } from "react-aria-components/Switch";
import styles from "./switch-row.module.css";

interface SwitchRowProps {
  title: string;
  text?: string;
  isSelected: boolean;
  onChange: (selected: boolean) => void;
}

export function SwitchRow({ title, text, isSelected, onChange }: SwitchRowProps) {
  return (
    <Switch className={styles.row!} isSelected={isSelected} onChange={onChange}>
      <span className={styles.words}>
        <span className={styles.title}>{title}</span>
        {text ? <span className={styles.text}>{text}</span> : null}
      </span>
      <span className={styles.track} aria-hidden="true">
        <span className={styles.knob} />
      </span>
    </Switch>
  );
}
