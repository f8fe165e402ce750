// Spanish for the front door.
import type { Translation } from "../parts";

export default {
  "signIn.title": "Tus lecturas, de tus dispositivos, en un solo lugar",
  "signIn.text": "Conecta en casa un tensiómetro, una báscula u otro dispositivo. Ve cada lectura en cuanto se toma, y decide quién más puede verla.",
  "signIn.action": "Entrar",
  "signIn.point.live": "Las lecturas aparecen en menos de un segundo",
  "signIn.point.consent": "No se comparte nada hasta que digas que sí",
  "signIn.point.log": "Se anota cada vez que alguien mira tus datos",
} satisfies Translation<"sign-in">;
