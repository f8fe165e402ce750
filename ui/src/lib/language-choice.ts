// The languages to choose from, each by its own name. Pure.
import { PSEUDO, type Language } from "./locale";

export const NAMES: Record<Language, string> = { en: "English", es: "Español", ar: "العربية" };

/** What is kept with the account. */
export function chosenLocale(language: Language, browser: readonly string[]): string {
  return language === "en" ? (browser.find((tag) => /^en-[A-Z]{2}$/.test(tag) && tag !== PSEUDO) ?? "en-GB") : language;
}
