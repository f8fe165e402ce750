// Parses the texts at build time, so that the browser gets no parser (10 kB of the first page).
// Every text is one line `"id": "text",`, which is all this has to understand.
import { parse, TYPE } from "@formatjs/icu-messageformat-parser";
import type { Plugin } from "vite";

/** As in lib/text.ts: these are never formatted. */
const PLAIN = /^[^{}<>'#]*$/;
const LINE = /^(\s+"[^"]+":\s)("(?:[^"\\]|\\.)*"),$/gm;

export function compiledMessages(): Plugin {
  return {
    name: "compiled-messages",
    apply: "build",
    enforce: "pre",
    config: () => ({
      resolve: { alias: { "@formatjs/icu-messageformat-parser": "@formatjs/icu-messageformat-parser/no-parser.js" } },
    }),
    transform(code, id) {
      if (!/\/lib\/messages\/(?:[a-z]{2}\/)?[\w-]+\.ts$/.test(id)) return null;
      let count = 0;
      const compiled = code.replaceAll(LINE, (_line, key: string, text: string) => {
        count += 1;
        const parts = parse(JSON.parse(text) as string);
        const isPlain = parts.length === 1 && parts[0]?.type === TYPE.literal && PLAIN.test(text);
        return `${key}${isPlain ? text : JSON.stringify(parts)},`;
      });
      const ids = code.match(/^\s+"[^"]+":/gm)?.length ?? 0;
      if (count !== ids) this.error(`${id}: ${ids - count} texts are not on one line each`);
      return { code: compiled, map: null };
    },
  };
}
