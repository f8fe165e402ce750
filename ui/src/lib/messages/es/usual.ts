// Spanish for a sensor's usual day.
import type { Translation } from "../parts";

export default {
  "usual.title": "Tu día habitual",
  "usual.summary": "En un día habitual, el centro de tus valores va de {low} {unit} hacia las {lowAt} a {high} {unit} hacia las {highAt}.",
  "usual.days": "Tu día habitual se muestra tras {wanted} días con valores: por ahora, {days} de {wanted} días.",
  "usual.captured": "Tu sensor dio valores durante el {captured} de este tiempo. Tu día habitual se muestra a partir del {wanted}.",
  "usual.legend.middle": "Línea: la mitad de tus valores está por debajo y la mitad por encima",
  "usual.legend.half": "Más oscuro: la mitad central de tus valores",
  "usual.legend.most": "Más claro: 90 de cada 100 valores",
  "usual.mean": "Promedio",
  "usual.gmi": "Indicador de control de la glucosa",
  "usual.cv": "Cuánto varía",
  "usual.goals": "Metas habituales con diabetes: más del 70 % en el rango, menos del 4 % por debajo de {low}, menos del 1 % por debajo de {veryLow}, menos del 25 % por encima de {high} y menos del 5 % por encima de {veryHigh} {unit}; variación del 36 % como máximo. Las personas mayores y las embarazadas tienen otras. Pregunta en tu clínica cuáles son las tuyas.",
  "usual.table": "Tu día habitual en una tabla",
  "usual.caption": "Para cada hora: el valor en {unit} por debajo del cual estuvo esa parte de tus valores",
  "usual.hour": "Desde",
  "usual.below": "{share} por debajo",
  "usual.error": "Ahora no se puede mostrar tu día habitual.",
} satisfies Translation<"usual">;
