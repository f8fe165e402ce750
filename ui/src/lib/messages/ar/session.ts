// Arabic for the warning before a session ends.
import type { Translation } from "../parts";

export default {
  "session.warn.title": "هل ما زلت هنا؟",
  "session.warn.text": "لحماية قراءاتك تُغلق هذه الصفحة {minutes, plural, zero {الآن} one {بعد دقيقة واحدة} two {بعد دقيقتين} few {بعد # دقائق} many {بعد # دقيقة} other {بعد # دقيقة}}.",
  "session.stay": "البقاء هنا",
} satisfies Translation<"session">;
