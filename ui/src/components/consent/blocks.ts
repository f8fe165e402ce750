// The consent text as blocks. It is plain text with # headings and - lists; nothing in it is ever HTML. Pure.

export type Block =
  | { type: "title"; text: string }
  | { type: "heading"; text: string }
  | { type: "paragraph"; text: string }
  | { type: "list"; items: string[] };

export function blocksOf(text: string): Block[] {
  return text
    .trim()
    .split(/\n\s*\n/)
    .map((part): Block => {
      const lines = part.split("\n").map((line) => line.trim());
      if (lines.every((line) => line.startsWith("- "))) return { type: "list", items: lines.map((line) => line.slice(2)) };
      const joined = lines.join(" ");
      if (joined.startsWith("## ")) return { type: "heading", text: joined.slice(3) };
      if (joined.startsWith("# ")) return { type: "title", text: joined.slice(2) };
      return { type: "paragraph", text: joined };
    });
}
