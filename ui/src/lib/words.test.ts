import { beforeEach, expect, test, vi } from "vitest";
import ar from "./messages/ar/main";
import arReadings from "./messages/ar/readings";
import arWhose from "./messages/ar/whose";
import esWhose from "./messages/es/whose";
import { enReadings } from "./messages/en-readings";
import { enWhose } from "./messages/en-whose";

/** As a page is loaded that nobody has opened yet. */
async function begin() {
  vi.resetModules();
  const [words, { renderHook, waitFor }] = await Promise.all([import("./words"), import("@testing-library/react")]);
  const { result } = renderHook(() => words.useWords());
  return { ...words, shown: () => result.current, waitFor };
}

const arabic = { ...ar, ...arReadings, ...arWhose };
let app: Awaited<ReturnType<typeof begin>>;

beforeEach(async () => {
  app = await begin();
});

test("a page's words are here in its language when it is drawn, however many parts it brings and whenever the language came", async () => {
  for (let ticks = 0; ticks < 24; ticks += 1) {
    app = await begin();
    app.speakFirst("en-GB");
    const speaking = app.speak("ar");
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
    app.addMessages(enReadings, "readings");
    for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
    app.addMessages(enWhose, "whose");
    await Promise.all([speaking, app.wordsAreHere(Promise.resolve())]);

    await app.waitFor(() => expect(app.shown()?.messages["whose.title"]).toBe(arWhose["whose.title"]));
    expect(app.shown()).toMatchObject({ locale: "ar", messages: arabic });
  }
});

test("a language that was left while its words came is not shown", async () => {
  app.speakFirst("en-GB");
  app.addMessages(enWhose, "whose");
  const first = app.speak("ar");
  const second = app.speak("es");
  await Promise.all([first, second]);

  await app.waitFor(() => expect(app.shown()?.locale).toBe("es"));
  expect(app.shown()?.messages["whose.title"]).toBe(esWhose["whose.title"]);
});
