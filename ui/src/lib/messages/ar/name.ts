// Arabic for naming a device: where one is paired, and where one is renamed.
import type { Translation } from "../parts";

export default {
  "devices.name.label": "الاسم",
  "devices.name.save": "حفظ الاسم",
  "devices.name.short": "اكتب اسمًا من حرف واحد إلى 64 حرفًا.",
} satisfies Translation<"name">;
