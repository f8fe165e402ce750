// A day, chosen with the calendar that the browser has. Its value is "2026-05-01", or empty.
import { useId } from "react";
import styles from "./field.module.css";

interface DayFieldProps {
  label: string;
  value: string;
  onChange: (day: string) => void;
  min?: string;
  max?: string;
  error?: string;
}

export function DayField({ label, value, onChange, min, max, error }: DayFieldProps) {
  const id = useId();
  return (
    <div className={styles.field}>
      <label className={styles.label} htmlFor={id}>
        {label}
      </label>
      <input
        id={id}
        type="date"
        className={styles.input}
        value={value}
        min={min}
        max={max}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-fault` : undefined}
        onChange={(event) => onChange(event.target.value)}
      />
      {error ? (
        <span id={`${id}-fault`} className={styles.error}>
          {error}
        </span>
      ) : null}
    </div>
  );
}
