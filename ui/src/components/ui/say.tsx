// A sentence from the table with a component inside it: no sentence is glued from parts.
import type { ReactNode } from "react";
import { FormattedMessage } from "react-intl";
import type { MessageId } from "~/lib/text";

export function Say({ id, values }: { id: MessageId; values: Record<string, ReactNode> }) {
  return <FormattedMessage id={id} values={values} />;
}
