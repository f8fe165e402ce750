// Spanish for what an owner does to a device: another name, or an end.
import type { Translation } from "../parts";

export default {
  "dash.fix": "Algo no va bien",
  "dash.rename": "Cambiar el nombre",
  "dash.rename.title": "Cambiar el nombre de este dispositivo",
  "dash.remove": "Quitar el dispositivo",
  "dash.remove.title": "¿Quitar {name}?",
  "dash.remove.text": "Deja de enviar al momento. Las personas con las que compartías sus lecturas ya no las ven, tampoco las anteriores. Tú las sigues viendo, y el registro se guarda como exige la ley. Puedes conectar el dispositivo otra vez más tarde.",
  "dash.remove.yes": "Quitarlo",
  "dash.remove.no": "Dejarlo",
  "dash.manage": "Este dispositivo",
} satisfies Translation<"manage">;
