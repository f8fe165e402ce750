// Spanish for the help that is in the same place on every page.
import type { Translation } from "../parts";

export default {
  "help.title": "Ayuda",
  "help.add.title": "Añadir un dispositivo",
  "help.add.text": "Elige «Añadir un dispositivo» en la página Dispositivos. Ten a mano el dispositivo y pilas nuevas; son unos dos minutos.",
  "help.stopped.title": "Un dispositivo dejó de enviar",
  "help.stopped.text": "Acércalo a tu concentrador, revisa sus pilas y haz una medición. Las lecturas esperan en el dispositivo o en el concentrador y se envían después.",
  // needs-clinical-approval
  "help.urgent.title": "Si te sientes mal",
  "help.urgent.text": "Device Connect no se vigila las 24 horas. Si te sientes mal, llama a tu número de emergencias.",
} satisfies Translation<"help">;
