// Arabic for several kinds of readings at once.
import type { Translation } from "../parts";

export default {
  "kinds.all": "كل أنواع القراءات",
  "kinds.all.chip": "كل أنواع القراءات",
} satisfies Translation<"kinds">;
