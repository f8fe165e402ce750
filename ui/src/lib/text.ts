// Words for the screen: every text has an id in messages/, and a wrong id does not compile.
import { useCallback } from "react";
import { useIntl, type IntlShape } from "react-intl";
import { en } from "./messages/en";
import type { enPair } from "./messages/en-pair";
import type { enReadings } from "./messages/en-readings";
import type { enSettings } from "./messages/en-settings";

export type MessageId = keyof typeof en | keyof typeof enPair | keyof typeof enReadings | keyof typeof enSettings;
export type Values = Record<string, string | number | Date | null | undefined>;

export const messages: Record<string, string> = { ...en };

/** A page brings its own words with its own code, so that the first page does not wait for them. */
export function addMessages(more: Record<string, string>): void {
  Object.assign(messages, more);
}

export function say(intl: IntlShape, id: MessageId, values?: Values): string {
  return intl.formatMessage({ id }, values);
}

export function useText(): (id: MessageId, values?: Values) => string {
  const intl = useIntl();
  return useCallback((id, values) => intl.formatMessage({ id }, values), [intl]);
}

/** An id made at run time (`kind.${kind}`): the given fallback is used when no text exists for it. */
export function useWord(): (prefix: string, key: string) => string {
  const intl = useIntl();
  return useCallback(
    (prefix, key) => {
      const id = `${prefix}.${key}`;
      return id in intl.messages ? intl.formatMessage({ id }) : key.replaceAll("_", " ");
    },
    [intl],
  );
}
