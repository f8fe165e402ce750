// Arabic for the list of devices of somebody who has none yet.
import type { Translation } from "../parts";

export default {
  "devices.empty.title": "لا توجد أجهزة بعد",
  "devices.empty.text": "هل جهازك معك ولديك دقيقتان؟ أضف جهازك الأول.",
  "devices.empty.need": "ما تحتاج إليه",
  "devices.empty.need.device": "جهازك، قريبًا منك",
  "devices.empty.need.batteries": "بطاريات جديدة فيه",
  "devices.empty.need.minutes": "دقيقتان تقريبًا",
  "devices.empty.action": "إضافة جهازك الأول",
} satisfies Translation<"no-devices">;
