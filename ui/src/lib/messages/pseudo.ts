// English as another language would look: accented, a third longer, in brackets. Fills no gaps and chooses no plurals anew.
import type { Words } from "../words";

const PLAIN = "aceginosuyACEGINOSUY";
const ACCENTED = "áçéğíñóšúýÁÇÉĞÍÑÓŠÚÝ";
const LITERAL = 0;

const accented = (text: string) => text.replaceAll(/[aceginosuyACEGINOSUY]/g, (letter) => ACCENTED.charAt(PLAIN.indexOf(letter)));
/** No language has a word as long as a sentence. */
const words = (signs: string) => signs.replaceAll(/~{8}(?=~)/g, "$& ");
const longer = (text: string) => `[${text}${words("~".repeat(Math.ceil(text.length / 3)))}]`;

interface Element {
  type: number;
  value: string;
  options?: Record<string, { value: Element[] }>;
  children?: Element[];
}

/** As the build parsed it: letters change, and the places of values do not. */
function accentedParts(parts: Element[]): Element[] {
  return parts.map((part) => ({
    ...part,
    ...(part.type === LITERAL ? { value: accented(part.value) } : null),
    ...(part.options
      ? { options: Object.fromEntries(Object.entries(part.options).map(([key, { value }]) => [key, { value: accentedParts(value) }])) }
      : null),
    ...(part.children ? { children: accentedParts(part.children) } : null),
  }));
}

/** In development and in tests texts are not parsed yet; those with values in them are left as they are. */
function one(text: unknown): unknown {
  if (typeof text === "string") return /[{}<>'#]/.test(text) ? text : longer(accented(text));
  const end = { type: LITERAL, value: "~~~~~~]" };
  return [{ type: LITERAL, value: "[" }, ...accentedParts(text as Element[]), end];
}

export const pseudo = (english: Words): Words =>
  Object.fromEntries(Object.entries(english).map(([id, text]) => [id, one(text) as string]));
