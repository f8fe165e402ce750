// Arabic for the front door.
import type { Translation } from "../parts";

export default {
  "signIn.title": "قراءاتك من أجهزتك في مكان واحد",
  "signIn.text": "أوصل جهاز ضغط الدم أو الميزان أو جهازًا آخر في بيتك. شاهد كل قراءة لحظة أخذها، وقرّر من يراها أيضًا.",
  "signIn.action": "تسجيل الدخول",
  "signIn.point.live": "تظهر القراءات خلال ثانية",
  "signIn.point.consent": "لا تتم مشاركة شيء قبل أن توافق",
  "signIn.point.log": "تُسجَّل كل مرة ينظر فيها أحد إلى بياناتك",
} satisfies Translation<"sign-in">;
