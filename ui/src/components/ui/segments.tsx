// A few choices side by side, of which one holds: theme, unit, range. A radio group for keyboard and screen reader.
import type { ReactNode } from "react";
import { Label } from "react-aria-components/Label";
import { Radio, RadioGroup } from "react-aria-components/RadioGroup";
import styles from "./segments.module.css";

export interface Segment<T extends string> {
  id: T;
  text: ReactNode;
  /** Spoken instead of a shortened text. */
  name?: string;
}

interface SegmentsProps<T extends string> {
  label: string;
  hideLabel?: boolean;
  value: T;
  onChange: (value: T) => void;
  choices: readonly Segment<T>[];
  isDisabled?: boolean;
  /** `chips` for many choices, which wrap. */
  look?: "joined" | "chips";
}

export function Segments<T extends string>({ label, hideLabel, value, onChange, choices, isDisabled, look = "joined" }: SegmentsProps<T>) {
  return (
    <RadioGroup
      className={styles.group!}
      orientation="horizontal"
      value={value}
      onChange={(next) => onChange(next as T)}
      isDisabled={isDisabled}
      aria-label={hideLabel ? label : undefined}
    >
      {hideLabel ? null : <Label className={styles.label}>{label}</Label>}
      <div className={styles[look]}>
        {choices.map((choice) => (
          <Radio key={choice.id} value={choice.id} className={styles.segment!} aria-label={choice.name}>
            {choice.text}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  );
}
