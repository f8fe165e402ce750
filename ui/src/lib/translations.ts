// Where the words of other languages than English come from: one file a page and language. Loaded with the first of them.
import { languageOf, PSEUDO } from "./locale";
import type { Part } from "./messages/parts";
import { pseudo } from "./messages/pseudo";
import type { Words } from "./words";

const FILES = import.meta.glob<{ default: Words }>("./messages/*/*.ts");

export async function translated(locale: string, part: Part, english: Words): Promise<Words> {
  if (locale === PSEUDO) return pseudo(english);
  const load = FILES[`./messages/${languageOf(locale)}/${part}.ts`];
  return load ? (await load()).default : {};
}
