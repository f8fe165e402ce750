// The languages that the pages speak, and which of them this reader gets. Pure.

export const LANGUAGES = {
  en: "ltr",
  es: "ltr",
  ar: "rtl",
} as const;

export type Language = keyof typeof LANGUAGES;

/** English made longer and full of accents: shows what is not translated and what has no room. Nobody can choose it. */
export const PSEUDO = "en-XA";

export function languageOf(locale: string): Language {
  const [language = ""] = locale.toLowerCase().split("-");
  return language in LANGUAGES ? (language as Language) : "en";
}

export function directionOf(locale: string): "ltr" | "rtl" {
  return LANGUAGES[languageOf(locale)];
}

/** What every account begins with; whoever chooses English gets a country with it. */
const NOT_CHOSEN = "en";

const isSpoken = (tag: string | undefined): tag is string => tag !== undefined && (tag.toLowerCase().split("-")[0] ?? "") in LANGUAGES;

/**
 * The account's language, else the one of the last reader here, else the browser's. The country, which decides how
 * numbers and dates are written, is the browser's where the account names none: digits in Arabic are those that Intl
 * gives for it (123 for `ar`, ١٢٣ for `ar-EG`).
 */
export function readingLocale(account: string | undefined, remembered: string | undefined, browser: readonly string[]): string {
  const wanted = [account === NOT_CHOSEN ? undefined : account, account === undefined ? remembered : undefined, ...browser, account];
  const tag = wanted.find(isSpoken) ?? "en-GB";
  return tag.includes("-") ? tag : withCountry(tag, browser);
}

function withCountry(language: string, browser: readonly string[]): string {
  return browser.find((tag) => tag.toLowerCase().startsWith(`${language}-`)) ?? language;
}
