// Kinds of readings inside a sentence: a list in small letters, except what is never written small.
import { useCallback } from "react";
import { useIntl } from "react-intl";
import { KINDS } from "./kinds";
import { enKinds } from "./messages/en-kinds";
import { addMessages, say, sayOr } from "./text";

addMessages(enKinds, "kinds");

/** "Blood pressure" is "blood pressure" inside a sentence; "ECG" stays. */
export function inSentence(word: string, locale: string): string {
  return word.length > 1 && word === word.toLocaleUpperCase(locale) ? word : word.charAt(0).toLocaleLowerCase(locale) + word.slice(1);
}

export const areAll = (kinds: readonly string[]) => KINDS.every((kind) => kinds.includes(kind));

/** In the order in which kinds are shown everywhere. */
export function useKindList(): (kinds: readonly string[]) => string {
  const intl = useIntl();
  return useCallback(
    (kinds) => {
      if (areAll(kinds)) return say(intl, "kinds.all");
      const words = KINDS.filter((kind) => kinds.includes(kind)).map((kind) => inSentence(sayOr(intl, `kind.${kind}`, kind), intl.locale));
      return intl.formatList(words);
    },
    [intl],
  );
}
