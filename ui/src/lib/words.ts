// The words on the screen, in one language at a time. English comes with each page; another language comes in files of
// its own beside it, page by page, and is shown when all of it is here: no sentence flashes in the wrong language.
import { useSyncExternalStore } from "react";
import { languageOf, PSEUDO } from "./locale";
import { en } from "./messages/en";
import type { MessageId, Part } from "./messages/parts";

export type Words = Record<string, string>;

export interface Shown {
  locale: string;
  messages: Words;
}

const english: Words = { ...en };
const parts = new Set<Part>(["main"]);
const listeners = new Set<() => void>();
let wanted = "en-GB";
/** What has come of the wanted language, whichever part came first: one that was asked for earlier may come later. */
let told: Words = {};
let shown: Shown | null = { locale: wanted, messages: english };
let coming: Promise<void> = Promise.resolve();

const isEnglish = (locale: string) => languageOf(locale) === "en" && locale !== PSEUDO;

function show(next: Shown | null) {
  shown = next;
  for (const tell of listeners) tell();
}

/** With no network a part stays English: words that can be read are better than no page. */
async function wordsOf(locale: string, part: Part): Promise<Words> {
  try {
    const { translated } = await import("./translations");
    return await translated(locale, part, english);
  } catch {
    return {};
  }
}

async function bring(): Promise<void> {
  const [locale, mine] = [wanted, told];
  const brought = await Promise.all([...parts].map((part) => wordsOf(locale, part)));
  if (mine === told) show({ locale, messages: { ...english, ...Object.assign(told, ...brought) } });
}

/** From now on in this language; what is shown stays until the words are here. */
export function speak(locale: string): Promise<void> {
  if (locale !== wanted || !shown) {
    wanted = locale;
    told = {};
    if (isEnglish(locale)) {
      show({ locale, messages: english });
      coming = Promise.resolve();
    } else coming = bring();
  }
  return coming;
}

/** As `speak`, for the beginning: nothing is shown before the words are here. */
export function speakFirst(locale: string): void {
  shown = null;
  void speak(locale);
}

/** A page brings its own words with its own code, so that the first page does not wait for them. */
export function addMessages(more: Words, part: Part): void {
  Object.assign(english, more);
  if (parts.has(part)) return;
  parts.add(part);
  if (isEnglish(wanted)) return;
  if (shown) shown.messages = { ...more, ...shown.messages };
  coming = bring();
}

/** An id made at run time: whether the pages that are loaded have such a text. */
export const isText = (id: string): id is MessageId => id in english;

/** A page waits for this before it is drawn the first time. */
export async function wordsAreHere<T>(page: Promise<T>): Promise<T> {
  const loaded = await page;
  await coming;
  return loaded;
}

const subscribe = (listener: () => void) => (listeners.add(listener), () => void listeners.delete(listener));

export const useWords = (): Shown | null => useSyncExternalStore(subscribe, () => shown);
