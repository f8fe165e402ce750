// The part of a device's page that speaks to the device, with its own words; loaded only for devices that this browser connects.
import { Card } from "~/components/ui/card";
import type { Connection, Me } from "~/lib/api-types";
import { enBluetooth } from "~/lib/messages/en-bluetooth";
import { addMessages, useText } from "~/lib/text";
import { SyncPanel } from "./sync-panel";
import styles from "./link-panel.module.css";

addMessages(enBluetooth, "bluetooth");

export function SyncCard({ connection, me }: { connection: Connection; me: Me }) {
  const t = useText();
  return (
    <Card labelledBy="sync">
      <div className={styles.panel}>
        <h2 id="sync" className={styles.heading}>
          {t("bluetooth.sync.title")}
        </h2>
        <p className={styles.muted}>{t("bluetooth.sync.text")}</p>
        <SyncPanel connection={connection} me={me} action="bluetooth.sync" />
      </div>
    </Card>
  );
}
