import { parse, TYPE, type MessageFormatElement } from "@formatjs/icu-messageformat-parser";
import { describe, expect, test } from "vitest";
import metrics from "~/generated/metrics.json";
import { DEVICE_TYPES, KINDS } from "../kinds";
import { LANGUAGES, type Language } from "../locale";
import { pseudo } from "./pseudo";

type Words = Record<string, string>;

/** "./en-pair.ts" → "pair", "./en.ts" → "main": the name of the part in every language. */
const ENGLISH = new Map(
  Object.entries(import.meta.glob<Record<string, Words>>("./en*.ts", { eager: true })).map(
    ([path, module]) => [/en-([\w-]+)\.ts$/.exec(path)?.[1] ?? "main", Object.values(module)[0] ?? {}] as const,
  ),
);
const LABELS: Words = Object.fromEntries(
  metrics.flatMap(({ name, label, choices }) => [[`metric.${name}`, label], ...choices.map((choice) => [`value.${name}.${choice}`, choice])]),
);
const SHOWN_OTHERWISE = /^value\.glucose_(trend|out_of_range)\./;
ENGLISH.set("metrics", Object.fromEntries(Object.entries(LABELS).filter(([id]) => !SHOWN_OTHERWISE.test(id))));
const OTHERS = import.meta.glob<{ default: Words }>("./*/*.ts", { eager: true });
const languages = (Object.keys(LANGUAGES) as Language[]).filter((language) => language !== "en");
const wordsOf = (language: string, part: string): Words => OTHERS[`./${language}/${part}.ts`]?.default ?? {};
const all: Words = Object.assign({}, ...ENGLISH.values());

/** What a text needs to be filled: names of values and of the numbers that choose a plural. */
function wants(elements: MessageFormatElement[], found = new Set<string>()): Set<string> {
  for (const one of elements) {
    if (one.type === TYPE.argument || one.type === TYPE.number || one.type === TYPE.date) found.add(one.value);
    if (one.type !== TYPE.plural && one.type !== TYPE.select) continue;
    found.add(`${one.value}, ${one.type === TYPE.plural ? "plural" : "select"}`);
    for (const option of Object.values(one.options)) wants(option.value, found);
  }
  return found;
}

function pluralsOf(elements: MessageFormatElement[]): string[][] {
  return elements.flatMap((one) => (one.type === TYPE.plural ? [Object.keys(one.options).filter((form) => !form.startsWith("="))] : []));
}

test("each id has one text", () => {
  expect(Object.keys(all)).toHaveLength([...ENGLISH.values()].reduce((sum, part) => sum + Object.keys(part).length, 0));
});

test("every text is a sentence that can be formatted", () => {
  for (const text of Object.values(all)) expect(() => parse(text)).not.toThrow();
});

test("no blame, no alarm, no jargon", () => {
  for (const text of Object.values(all)) expect(text).not.toMatch(/\b(invalid|failed|error|oops|GATT|bond|token)\b|!/i);
});

const BLAME = /\b(inválid\w*|fallid\w*|fracas\w*|error\w*|GATT|token)\b|[!¡]|غير صالح|خطأ|فشل/i;

describe.each(languages)("%s", (language) => {
  const pairs = [...ENGLISH].flatMap(([part, english]) =>
    Object.entries(wordsOf(language, part)).map(([id, text]) => [id, english[id] ?? "", text] as const),
  );

  test.each([...ENGLISH])("%s has every text of the English one and no more", (part, english) => {
    const here = Object.keys(wordsOf(language, part));
    const missing = Object.keys(english).filter((id) => !here.includes(id));
    const superfluous = here.filter((id) => !(id in english));
    expect({ missing, superfluous }).toEqual({ missing: [], superfluous: [] });
  });

  test("every file is a part that English has", () => {
    const files = Object.keys(OTHERS).filter((path) => path.startsWith(`./${language}/`));
    expect(files.filter((path) => !ENGLISH.has(/([\w-]+)\.ts$/.exec(path)?.[1] ?? ""))).toEqual([]);
  });

  test("the same values go into each text", () => {
    const names = (text: string) => [...wants(parse(text))].sort();
    const different = pairs.filter(([, english, text]) => names(english).join() !== names(text).join());
    expect(different.map(([id, english, text]) => ({ id, english: names(english), text: names(text) }))).toEqual([]);
  });

  test("a plural has every form that the language counts with", () => {
    const forms = [...new Intl.PluralRules(language).resolvedOptions().pluralCategories].filter((form) => language !== "es" || form !== "many");
    const short = pairs.filter(([, , text]) => pluralsOf(parse(text)).some((has) => forms.some((form) => !has.includes(form))));
    expect(short.map(([id]) => id)).toEqual([]);
  });

  test("what a button is called has what is written on it", () => {
    const words = Object.fromEntries(pairs.map(([id, , text]) => [id, text]));
    const spoken = pairs.filter(([id]) => id.endsWith("Of") && /^[^{]+$/.test(words[id.slice(0, -2)] ?? ""));
    expect(spoken.filter(([id, , text]) => !text.includes(words[id.slice(0, -2)] ?? "")).map(([id]) => id)).toEqual([]);
  });

  test("no blame, no alarm, no jargon", () => {
    expect(pairs.filter(([, , text]) => BLAME.test(text)).map(([id]) => id)).toEqual([]);
  });
});

test("the pseudo-language is longer and keeps what is filled in", () => {
  const made = pseudo({ plain: "Your devices", filled: "Data of {name}" });
  expect(made.plain).toBe("[Ýóúr dévíçéš~~~~]");
  expect(made.filled).toBe("Data of {name}");
  const parsed = pseudo({ filled: parse("Data of {name}") as unknown as string }).filled as unknown as MessageFormatElement[];
  expect([...wants(parsed)]).toEqual(["name"]);
});

describe("made of a word of the contract", () => {
  test.each(KINDS)("kind %s", (kind) => {
    expect(all).toHaveProperty([`kind.${kind}`]);
    expect(all).toHaveProperty([`kind.${kind}.what`]);
  });

  test.each(DEVICE_TYPES)("type %s", (type) => {
    expect(all).toHaveProperty([`type.${type}`]);
  });
});
