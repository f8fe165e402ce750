import { describe, expect, test } from "vitest";
import { chosenLocale } from "./language-choice";
import { directionOf, readingLocale } from "./locale";

describe("which language a reader gets", () => {
  test.each([
    ["what was chosen", "es", undefined, ["en-GB"], "es"],
    ["with the browser's country where it has one", "es", undefined, ["en-GB", "es-MX"], "es-MX"],
    ["the browser's where nothing was chosen", "en", undefined, ["ar-EG", "en"], "ar-EG"],
    ["English that was chosen", "en-GB", undefined, ["ar-EG"], "en-GB"],
    ["the last reader's before anybody has signed in", undefined, "ar", ["en-GB"], "ar"],
    ["not the last reader's after that", "en", "ar", ["en-US"], "en-US"],
    ["the next that we speak", "fr", undefined, ["fr-FR", "es-ES"], "es-ES"],
    ["English at last", "fr", undefined, ["fr"], "en-GB"],
  ])("%s", (_what, account, remembered, browser, locale) => {
    expect(readingLocale(account, remembered, browser)).toBe(locale);
  });
});

test("who chooses English gets a country with it, so that it is known as chosen", () => {
  expect(chosenLocale("en", ["ar-EG", "en-US"])).toBe("en-US");
  expect(chosenLocale("en", ["ar-EG"])).toBe("en-GB");
  expect(chosenLocale("ar", ["ar-EG"])).toBe("ar");
});

test("Arabic runs from right to left in every country", () => {
  expect(directionOf("ar-EG")).toBe("rtl");
  expect(directionOf("es-MX")).toBe("ltr");
});
