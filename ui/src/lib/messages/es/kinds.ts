// Spanish for several kinds of readings at once.
import type { Translation } from "../parts";

export default {
  "kinds.all": "todos los tipos de lecturas",
  "kinds.all.chip": "Todos los tipos de lecturas",
} satisfies Translation<"kinds">;
