// Spanish for what other people share with a reader.
import type { Translation } from "../parts";

export default {
  "devices.titleOther": "Dispositivos compartidos contigo",
  "devices.shared.empty.title": "Nadie ha compartido dispositivos contigo",
  "devices.shared.empty.text": "La persona a la que cuidas puede compartir sus dispositivos contigo. Pídele que abra Compartir en su Device Connect y escriba el nombre con el que entras.",
  "devices.denied.title": "Estos dispositivos no se comparten contigo",
  "devices.denied.text": "La persona a la que pertenecen puede compartirlos contigo. Pídele que te elija en Compartir, en su Device Connect.",
  "shared.kinds": "{name} comparte contigo {kinds}.",
  "shared.notOthers": "{name} comparte contigo {kinds}, no {others}.",
  "shared.noDevices": "{name} no tiene ahora ningún dispositivo que envíe esto.",
  "shared.whose": "Lecturas de {name}",
  "shared.zone": "Las horas son las de {name}, en {zone}.",
  "shared.stopped": "{name} dejó de compartir contigo {kinds}: {time}",
  "shared.stoppedAll": "{name} dejó de compartir contigo: {time}",
  "shared.stoppedSomebody": "Esto ya no se comparte contigo desde: {time}",
  "shared.stopped.text": "En esta página no queda nada de ello. Si aún necesitas verlo, pídele que lo comparta contigo otra vez.",
  "shared.to": "Ver los dispositivos de {name}",
  "shared.health": "Cómo están todos, primero los que necesitan algo",
} satisfies Translation<"shared">;
