// What was said about readings of an unknown person, from the tap to the platform's word. Pure.
import type { ReadingItem } from "~/lib/api-types";
import { compareReadings } from "~/lib/merge";

export type Answer = "me" | "not_me";

/** `held` can be taken back; `unsaid` did not reach the platform, so the reading waits as before. */
export type Phase = "held" | "sending" | "done" | "unsaid";

export interface Choice {
  item: ReadingItem;
  answer: Answer;
  phase: Phase;
  error?: unknown;
}

export type Choices = Readonly<Record<string, Choice>>;

export type Happening =
  | { type: "tapped"; item: ReadingItem; answer: Answer }
  | { type: "undone"; id: string }
  | { type: "sent"; id: string }
  | { type: "done"; id: string }
  | { type: "unsaid"; id: string; error: unknown };

export function choicesAfter(choices: Choices, happening: Happening): Choices {
  if (happening.type === "tapped") {
    const { item, answer } = happening;
    const phase = choices[item.id]?.phase ?? "unsaid";
    return phase === "unsaid" ? { ...choices, [item.id]: { item, answer, phase: "held" } } : choices;
  }
  const choice = choices[happening.id];
  if (!choice) return choices;
  if (happening.type === "undone") {
    // What is on its way cannot be called back.
    return choice.phase === "held" ? Object.fromEntries(Object.entries(choices).filter(([id]) => id !== happening.id)) : choices;
  }
  const change: Partial<Choice> =
    happening.type === "unsaid" ? { phase: "unsaid", error: happening.error } : { phase: happening.type === "sent" ? "sending" : "done", error: undefined };
  return { ...choices, [happening.id]: { ...choice, ...change } };
}

export interface WhoseRow {
  item: ReadingItem;
  choice: Choice | undefined;
}

/** What waits, and what was answered here: an answered row stays where it was, so that nothing moves under a finger. */
export function rowsOf(waiting: readonly ReadingItem[], choices: Choices): WhoseRow[] {
  const items = new Map(Object.values(choices).map(({ item }) => [item.id, item]));
  for (const item of waiting) items.set(item.id, item);
  return [...items.values()].sort(compareReadings).map((item) => ({ item, choice: choices[item.id] }));
}
