// Which way of writing numbers and dates: the account's, else the browser's, as far as we have the language.
const LANGUAGES = new Set(["en"]);

export function readingLocale(account: string | undefined, browser: readonly string[]): string {
  const wanted = [account?.includes("-") ? account : undefined, ...browser, account];
  return wanted.find((tag) => tag && LANGUAGES.has(tag.split("-")[0]?.toLowerCase() ?? "")) ?? "en-GB";
}
