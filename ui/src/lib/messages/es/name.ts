// Spanish for naming a device: where one is paired, and where one is renamed.
import type { Translation } from "../parts";

export default {
  "devices.name.label": "Nombre",
  "devices.name.save": "Guardar el nombre",
  "devices.name.short": "Escribe un nombre de 1 a 64 letras.",
} satisfies Translation<"name">;
