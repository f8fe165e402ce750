// Spanish for the list of devices of somebody who has none yet.
import type { Translation } from "../parts";

export default {
  "devices.empty.title": "Aún no hay dispositivos",
  "devices.empty.text": "¿Tienes tu dispositivo y dos minutos? Añade el primero.",
  "devices.empty.need": "Qué necesitas",
  "devices.empty.need.device": "tu dispositivo, cerca de ti",
  "devices.empty.need.batteries": "pilas nuevas puestas",
  "devices.empty.need.minutes": "unos dos minutos",
  "devices.empty.action": "Añadir tu primer dispositivo",
} satisfies Translation<"no-devices">;
