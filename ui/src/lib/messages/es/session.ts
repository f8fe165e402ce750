// Spanish for the warning before a session ends.
import type { Translation } from "../parts";

export default {
  "session.warn.title": "¿Sigues ahí?",
  "session.warn.text": "Para proteger tus lecturas, esta página se cierra en {minutes, plural, one {# minuto} other {# minutos}}.",
  "session.stay": "Seguir aquí",
} satisfies Translation<"session">;
