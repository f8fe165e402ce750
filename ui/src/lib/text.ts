// Words for the screen: every text has an id in messages/, and a wrong id does not compile.
import { useCallback } from "react";
import { useIntl, type IntlShape } from "react-intl";
import { directionOf } from "./locale";
import type { MessageId } from "./messages/parts";

export type { MessageId } from "./messages/parts";
export { addMessages, isText } from "./words";

export type Values = Record<string, string | number | Date | null | undefined>;

/** Nothing to fill in and nothing to choose: such a text is kept as it is, also by the build. */
const PLAIN = /^[^{}<>'#]*$/;

const HAS_RTL_LETTERS = /[\u0590-\u08FF]/;

/**
 * A name or a value with its unit keeps its own direction inside a sentence that runs from right to left. What has no
 * letter of such a script runs from left to right, also when it is digits alone: a version is 2026-05, never 05-2026.
 */
export function isolated(intl: IntlShape, text: string): string {
  if (directionOf(intl.locale) === "ltr") return text;
  return `${HAS_RTL_LETTERS.test(text) ? "\u2068" : "\u2066"}${text}\u2069`;
}

function isolatedValues(intl: IntlShape, values: Values | undefined): Values | undefined {
  if (!values || directionOf(intl.locale) === "ltr") return values;
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? isolated(intl, value) : value]));
}

function format(intl: IntlShape, id: string, values?: Values): string {
  const text: unknown = intl.messages[id];
  return typeof text === "string" && PLAIN.test(text) ? text : intl.formatMessage({ id }, isolatedValues(intl, values));
}

export function say(intl: IntlShape, id: MessageId, values?: Values): string {
  return format(intl, id, values);
}

/** An id made at run time (`kind.${kind}`), or the given fallback when there is no such text. */
export function sayOr(intl: IntlShape, id: string, fallback: string): string {
  return id in intl.messages ? format(intl, id) : fallback;
}

export function useText(): (id: MessageId, values?: Values) => string {
  const intl = useIntl();
  return useCallback((id, values) => format(intl, id, values), [intl]);
}

export function useWord(): (prefix: string, key: string) => string {
  const intl = useIntl();
  return useCallback((prefix, key) => sayOr(intl, `${prefix}.${key}`, key.replaceAll("_", " ")), [intl]);
}
