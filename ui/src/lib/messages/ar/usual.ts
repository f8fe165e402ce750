// Arabic for a sensor's usual day.
import type { Translation } from "../parts";

export default {
  "usual.title": "يومك المعتاد",
  "usual.summary": "في يوم معتاد يتراوح وسط قيمك بين {low} {unit} نحو الساعة {lowAt} و{high} {unit} نحو الساعة {highAt}.",
  "usual.days": "يظهر يومك المعتاد بعد {wanted} يومًا فيها قيم: {days} من {wanted} يومًا حتى الآن.",
  "usual.captured": "أعطى المستشعر قيمًا خلال {captured} من هذه المدة. يظهر يومك المعتاد ابتداءً من {wanted}.",
  "usual.legend.middle": "الخط: نصف قيمك أدنى منه ونصفها أعلى",
  "usual.legend.half": "الأغمق: النصف الأوسط من قيمك",
  "usual.legend.most": "الأفتح: 90 من كل 100 قيمة",
  "usual.mean": "المتوسط",
  "usual.gmi": "مؤشر إدارة الغلوكوز",
  "usual.cv": "مدى التغيّر",
  "usual.goals": "الأهداف المعتادة مع السكري: أكثر من 70% ضمن المجال، وأقل من 4% تحت {low}، وأقل من 1% تحت {veryLow}، وأقل من 25% فوق {high}، وأقل من 5% فوق {veryHigh} {unit}؛ وتغيّر لا يزيد على 36%. لكبار السن وللحوامل أهداف أخرى. اسأل عيادتك عن أهدافك.",
  "usual.table": "يومك المعتاد في جدول",
  "usual.caption": "لكل ساعة: القيمة بوحدة {unit} التي كان هذا الجزء من قيمك أدنى منها",
  "usual.hour": "من الساعة",
  "usual.below": "{share} أدنى",
  "usual.error": "لا يمكن عرض يومك المعتاد الآن.",
} satisfies Translation<"usual">;
