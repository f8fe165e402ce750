// Arabic for what other people share with a reader.
import type { Translation } from "../parts";

export default {
  "devices.titleOther": "أجهزة مشتركة معك",
  "devices.shared.empty.title": "لم يشارك أحد أجهزة معك",
  "devices.shared.empty.text": "يمكن لمن ترعاه أن يشارك أجهزته معك. اطلب منه أن يفتح «المشاركة» في Device Connect ويكتب الاسم الذي تدخل به.",
  "devices.denied.title": "هذه الأجهزة غير مشتركة معك",
  "devices.denied.text": "يمكن لصاحبها أن يشاركها معك. اطلب منه أن يختارك في «المشاركة» في Device Connect.",
  "shared.kinds": "يشارك {name} معك: {kinds}.",
  "shared.notOthers": "يشارك {name} معك: {kinds}، ولا يشارك: {others}.",
  "shared.noDevices": "ليس لدى {name} جهاز يرسل هذا الآن.",
  "shared.whose": "قراءات {name}",
  "shared.zone": "الأوقات بتوقيت {name}، في {zone}.",
  "shared.stopped": "أوقف {name} مشاركة {kinds} معك: {time}",
  "shared.stoppedAll": "أوقف {name} المشاركة معك: {time}",
  "shared.stoppedSomebody": "لم يعد هذا مشتركًا معك منذ: {time}",
  "shared.stopped.text": "لم يبق شيء منه في هذه الصفحة. إذا كنت ما زلت بحاجة إليه فاطلب أن يُشارك معك مرة أخرى.",
  "shared.to": "عرض أجهزة {name}",
  "shared.health": "حالها كلها، وما يحتاج إلى نظر أولًا",
} satisfies Translation<"shared">;
