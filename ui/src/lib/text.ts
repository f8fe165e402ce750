// Words for the screen: every text has an id in messages/, and a wrong id does not compile.
import { useCallback } from "react";
import { useIntl, type IntlShape } from "react-intl";
import { en } from "./messages/en";
import type { enAdmin } from "./messages/en-admin";
import type { enBluetooth } from "./messages/en-bluetooth";
import type { enConsent } from "./messages/en-consent";
import type { enFix } from "./messages/en-fix";
import type { enHealth } from "./messages/en-health";
import type { enHelp } from "./messages/en-help";
import type { enIntegrations } from "./messages/en-integrations";
import type { enKinds } from "./messages/en-kinds";
import type { enLog } from "./messages/en-log";
import type { enPair } from "./messages/en-pair";
import type { enReadings } from "./messages/en-readings";
import type { enSettings } from "./messages/en-settings";
import type { enShared } from "./messages/en-shared";
import type { enSharing } from "./messages/en-sharing";
import type { enSignIn } from "./messages/en-sign-in";

export type MessageId =
  | keyof typeof en
  | keyof typeof enAdmin
  | keyof typeof enBluetooth
  | keyof typeof enConsent
  | keyof typeof enFix
  | keyof typeof enHealth
  | keyof typeof enHelp
  | keyof typeof enIntegrations
  | keyof typeof enKinds
  | keyof typeof enLog
  | keyof typeof enPair
  | keyof typeof enReadings
  | keyof typeof enSettings
  | keyof typeof enShared
  | keyof typeof enSharing
  | keyof typeof enSignIn;
export type Values = Record<string, string | number | Date | null | undefined>;

export const messages: Record<string, string> = { ...en };

/** A page brings its own words with its own code, so that the first page does not wait for them. */
export function addMessages(more: Record<string, string>): void {
  Object.assign(messages, more);
}

/** Nothing to fill in and nothing to choose: such a text is kept as it is, also by the build. */
const PLAIN = /^[^{}<>'#]*$/;

function format(intl: IntlShape, id: string, values?: Values): string {
  const text: unknown = intl.messages[id];
  return typeof text === "string" && PLAIN.test(text) ? text : intl.formatMessage({ id }, values);
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
