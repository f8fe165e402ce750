// An answer is held for a while, so that it can be taken back; leaving the page says it at once.
import { useCallback, useEffect, useReducer, useRef } from "react";
import type { ReadingItem } from "~/lib/api-types";
import { useAssign } from "./api/ambiguous";
import { choicesAfter, type Answer, type Choices } from "./choices";

/** As long as a person needs who looks twice. */
export const HELD_MS = 20_000;

interface Held {
  timer: ReturnType<typeof setTimeout>;
  send: () => void;
}

interface Saying {
  choices: Choices;
  tap: (item: ReadingItem, answer: Answer) => void;
  undo: (id: string) => void;
}

export function useChoices(patientId: string): Saying {
  const [choices, happen] = useReducer(choicesAfter, {});
  const held = useRef(new Map<string, Held>());
  const assign = useAssign(patientId);

  useEffect(() => {
    const waiting = held.current;
    const sendAll = () => {
      for (const { send } of waiting.values()) send();
    };
    addEventListener("pagehide", sendAll);
    return () => {
      removeEventListener("pagehide", sendAll);
      sendAll();
    };
  }, []);

  const tap = (item: ReadingItem, answer: Answer) => {
    if (held.current.has(item.id)) return;
    const send = () => {
      drop(held.current, item.id);
      happen({ type: "sent", id: item.id });
      assign(item, answer).then(
        () => happen({ type: "done", id: item.id }),
        (error: unknown) => happen({ type: "unsaid", id: item.id, error }),
      );
    };
    held.current.set(item.id, { timer: setTimeout(send, HELD_MS), send });
    happen({ type: "tapped", item, answer });
  };
  const undo = useCallback((id: string) => {
    drop(held.current, id);
    happen({ type: "undone", id });
  }, []);
  return { choices, tap, undo };
}

function drop(held: Map<string, Held>, id: string) {
  clearTimeout(held.get(id)?.timer);
  held.delete(id);
}
