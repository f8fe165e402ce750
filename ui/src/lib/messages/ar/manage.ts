// Arabic for what an owner does to a device: another name, or an end.
import type { Translation } from "../parts";

export default {
  "dash.fix": "هناك مشكلة",
  "dash.rename": "تغيير الاسم",
  "dash.rename.title": "تغيير اسم هذا الجهاز",
  "dash.remove": "إزالة الجهاز",
  "dash.remove.title": "هل تزيل {name}؟",
  "dash.remove.text": "يتوقف عن الإرسال فورًا. من شاركت معهم قراءاته لا يرونها بعد ذلك، ولا السابقة. أنت تظل تراها، ويُحفظ السجل كما يطلب القانون. يمكنك ربط الجهاز من جديد لاحقًا.",
  "dash.remove.yes": "إزالته",
  "dash.remove.no": "إبقاؤه",
  "dash.manage": "هذا الجهاز",
} satisfies Translation<"manage">;
