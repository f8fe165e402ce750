// A text field with its label above and its fault below, in the same words as a summary would use.
import { FieldError } from "react-aria-components/FieldError";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { TextField, type TextFieldProps } from "react-aria-components/TextField";
import styles from "./field.module.css";

interface FieldProps extends Omit<TextFieldProps, "className" | "children"> {
  label: string;
  error?: string;
  /** `none` for what must be typed as it is. */
  autoCapitalize?: "none";
}

export function Field({ label, error, autoCapitalize, ...props }: FieldProps) {
  return (
    <TextField {...props} className={styles.field!} isInvalid={Boolean(error)}>
      <Label className={styles.label}>{label}</Label>
      <Input className={styles.input!} autoCapitalize={autoCapitalize} />
      <FieldError className={styles.error!}>{error}</FieldError>
    </TextField>
  );
}
