// In the settings of the app: the way to what is read on this phone.
import { LinkButton } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { enCompanion } from "~/lib/messages/en-companion";
import { addMessages, useText } from "~/lib/text";
import styles from "./companion.module.css";

addMessages(enCompanion, "companion");

export default function PhoneCard() {
  const t = useText();
  return (
    <Card labelledBy="settings-phone">
      <div className={styles.group}>
        <h2 id="settings-phone">{t("companion.health.title")}</h2>
        <p>{t("companion.health.text")}</p>
        <div>
          <LinkButton to="/app/health-data">{t("companion.health.open")}</LinkButton>
        </div>
      </div>
    </Card>
  );
}
