// Texts and the ways of writing numbers, for our components and React Aria's alike; the page says which language it is in.
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useLayoutEffect, useSyncExternalStore, type ReactNode } from "react";
import { I18nProvider } from "react-aria-components/I18nProvider";
import { IntlProvider } from "react-intl";
import type { Me } from "~/lib/api-types";
import { keys } from "~/lib/keys";
import { directionOf, readingLocale } from "~/lib/locale";
import { remember, remembered } from "~/lib/theme";
import { speak, speakFirst, useWords } from "~/lib/words";

/** Of whoever is signed in, else of the last reader here, else of the browser. */
function localeOf(me: Me | undefined): string {
  return readingLocale(me?.locale, remembered("language"), navigator.languages);
}

export const beginSpeaking = () => speakFirst(localeOf(undefined));
export const speakTo = (me: Me) => speak(localeOf(me));

export function Language({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const me = useSyncExternalStore(
    (tell) => client.getQueryCache().subscribe(tell),
    () => client.getQueryData<Me>(keys.me),
  );
  const wanted = localeOf(me);
  const isKnown = me !== undefined;
  const shown = useWords();
  useEffect(() => {
    if (isKnown) remember("language", wanted);
    void speak(wanted);
  }, [wanted, isKnown]);
  useLayoutEffect(() => {
    if (!shown) return;
    document.documentElement.lang = shown.locale;
    document.documentElement.dir = directionOf(shown.locale);
  }, [shown]);

  if (!shown) return null;
  return (
    <I18nProvider locale={shown.locale}>
      <IntlProvider locale={shown.locale} defaultLocale="en" messages={shown.messages}>
        {children}
      </IntlProvider>
    </I18nProvider>
  );
}
