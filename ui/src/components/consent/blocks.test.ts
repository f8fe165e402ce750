import { expect, test } from "vitest";
import { blocksOf } from "./blocks";

test("headings, paragraphs and lists", () => {
  const text = "# May we?\n\nYou want to connect\na device.\n\n## What\n\n- The kinds\n- The battery\n";

  expect(blocksOf(text)).toEqual([
    { type: "title", text: "May we?" },
    { type: "paragraph", text: "You want to connect a device." },
    { type: "heading", text: "What" },
    { type: "list", items: ["The kinds", "The battery"] },
  ]);
});

test("markup is text", () => {
  expect(blocksOf("<b>bold</b>")).toEqual([{ type: "paragraph", text: "<b>bold</b>" }]);
});
