// What somebody without a device finds: what they need, and the way to the first one.
import { LinkButton } from "~/components/ui/button";
import { DevicePicture, Icon } from "~/components/ui/icon";
import { enNoDevices } from "~/lib/messages/en-no-devices";
import { addMessages, useText } from "~/lib/text";
import styles from "./no-devices.module.css";

addMessages(enNoDevices, "no-devices");

export default function NoDevices() {
  const t = useText();
  return (
    <div className={styles.empty}>
      <div className={styles.pictures} aria-hidden="true">
        <DevicePicture type="scale" size={64} />
        <DevicePicture type="blood_pressure_cuff" size={96} />
        <DevicePicture type="thermometer" size={64} />
      </div>
      <h2>{t("devices.empty.title")}</h2>
      <p>{t("devices.empty.text")}</p>
      <div className={styles.need}>
        <h3>{t("devices.empty.need")}</h3>
        <ul>
          {(["device", "batteries", "minutes"] as const).map((need) => (
            <li key={need}>
              <Icon name="check" />
              {t(`devices.empty.need.${need}`)}
            </li>
          ))}
        </ul>
      </div>
      <LinkButton look="primary" to="/pair/$step" params={{ step: "type" }}>
        {t("devices.empty.action")}
      </LinkButton>
    </div>
  );
}
