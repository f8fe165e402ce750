// Below the devices in the app: the code of another screen, and what is read on this phone.
import { LinkButton } from "~/components/ui/button";
import { enCompanion } from "~/lib/messages/en-companion";
import { addMessages, useText } from "~/lib/text";
import styles from "./companion.module.css";

addMessages(enCompanion, "companion");

export default function PhoneLinks() {
  const t = useText();
  return (
    <div className={styles.buttons}>
      <LinkButton to="/app/pair">{t("companion.type.open")}</LinkButton>
      <LinkButton to="/app/health-data">{t("companion.health.title")}</LinkButton>
    </div>
  );
}
