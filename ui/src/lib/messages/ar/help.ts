// Arabic for the help that is in the same place on every page.
import type { Translation } from "../parts";

export default {
  "help.title": "مساعدة",
  "help.add.title": "إضافة جهاز",
  "help.add.text": "اختر «إضافة جهاز» في صفحة «الأجهزة». جهّز الجهاز وبطاريات جديدة؛ يستغرق الأمر دقيقتين تقريبًا.",
  "help.stopped.title": "توقف جهاز عن الإرسال",
  "help.stopped.text": "قرّبه من موزّعك، وتحقق من بطارياته، وخذ قياسًا واحدًا. تنتظر القراءات في الجهاز أو الموزّع وتُرسل لاحقًا.",
  // needs-clinical-approval
  "help.urgent.title": "إذا شعرت بتوعك",
  "help.urgent.text": "لا يراقب أحد Device Connect على مدار الساعة. إذا شعرت بتوعك فاتصل برقم الطوارئ.",
} satisfies Translation<"help">;
