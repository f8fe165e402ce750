// Several of a few, side by side. What is chosen has a tick: the colour comes last.
import { Checkbox } from "react-aria-components/Checkbox";
import { CheckboxGroup } from "react-aria-components/CheckboxGroup";
import { FieldError } from "react-aria-components/FieldError";
import { Label } from "react-aria-components/Label";
import field from "./field.module.css";
import { Icon } from "./icon";
import styles from "./segments.module.css";

interface ChipChoiceProps<T extends string> {
  label: string;
  value: readonly T[];
  onChange: (value: T[]) => void;
  choices: readonly { id: T; text: string }[];
  error?: string;
}

export function ChipChoice<T extends string>({ label, value, onChange, choices, error }: ChipChoiceProps<T>) {
  return (
    <CheckboxGroup className={styles.group!} value={[...value]} onChange={(next) => onChange(next as T[])} isInvalid={Boolean(error)}>
      <Label className={styles.label}>{label}</Label>
      <div className={styles.chips}>
        {choices.map((choice) => (
          <Checkbox key={choice.id} value={choice.id} className={styles.segment!}>
            {value.includes(choice.id) ? <Icon name="check" size={18} /> : null}
            {choice.text}
          </Checkbox>
        ))}
      </div>
      <FieldError className={field.error!}>{error}</FieldError>
    </CheckboxGroup>
  );
}
