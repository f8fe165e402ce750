// One of several, in the list that the browser draws: small, known to everybody, right on every phone.
import { useId } from "react";
import styles from "./field.module.css";

export interface Choice {
  id: string;
  text: string;
}

interface ChoiceFieldProps {
  label: string;
  value: string;
  onChange: (id: string) => void;
  choices: readonly Choice[];
  /** Shown together below a heading of their own. */
  more?: { label: string; choices: readonly Choice[] };
}

export function ChoiceField({ label, value, onChange, choices, more }: ChoiceFieldProps) {
  const id = useId();
  const options = (all: readonly Choice[]) =>
    all.map((one) => (
      <option key={one.id} value={one.id}>
        {one.text}
      </option>
    ));
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <select id={id} className={styles.input} value={value} onChange={(event) => onChange(event.target.value)}>
        {options(choices)}
        {more && more.choices.length > 0 ? <optgroup label={more.label}>{options(more.choices)}</optgroup> : null}
      </select>
    </div>
  );
}
