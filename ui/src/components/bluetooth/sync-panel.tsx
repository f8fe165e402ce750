// A device that this browser connects: search, listen, fetch what it has stored, and say how far that is. Where Bluetooth
// is not possible it says why.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice } from "~/components/ui/notice";
import type { Connection, Me } from "~/lib/api-types";
import { modelQuery } from "~/lib/models";
import { useText } from "~/lib/text";
import { sendsFor, useBluetooth } from "~/lib/bluetooth/session";
import { wantedOfModel } from "~/lib/bluetooth/wanted";
import { whyNotQuery } from "~/lib/bluetooth/why-not";
import { LinkPanel } from "./link-panel";
import styles from "./link-panel.module.css";

interface SyncPanelProps {
  connection: Connection;
  me: Me;
  /** What the button is called before anything was tried. */
  action: "bluetooth.search" | "bluetooth.sync";
}

export function SyncPanel({ connection, me, action }: SyncPanelProps) {
  const t = useText();
  const { session, link, sending } = useBluetooth(me, connection.id);
  const whyNot = useQuery(whyNotQuery(session.room));
  const model = useQuery(modelQuery(connection.device_model_id));
  const [silent, setSilent] = useState(0);
  const isBusy = link.phase === "choosing" || link.phase === "connecting" || link.phase === "checking";
  const isLost = link.fault === "lost";

  const run = async () => {
    if (!model.data) return;
    const wanted = wantedOfModel(model.data);
    sendsFor(session, connection.id);
    await (isLost ? session.link.join(wanted) : session.link.choose(wanted));
    setSilent((count) => (session.link.state().fault === "silent" ? count + 1 : 0));
  };

  if (whyNot.data) {
    return (
      <Notice tone="info" icon="bluetooth" title={t("bluetooth.why.title")} actions={<Button onPress={() => void whyNot.refetch()}>{t("bluetooth.why.look")}</Button>}>
        <p>{t(`bluetooth.why.${whyNot.data}`)}</p>
      </Notice>
    );
  }
  return (
    <div className={styles.panel}>
      <LinkPanel connection={connection} link={link} sending={sending} silent={silent} isSmall />
      <div className={styles.buttons}>
        {link.phase === "listening" ? (
          <Button onPress={() => session.link.end()}>{t("bluetooth.sync.end")}</Button>
        ) : (
          <Button onPress={() => void run()} isDisabled={!model.data || isBusy}>
            <Icon name="bluetooth" />
            {t(isLost ? "bluetooth.again" : link.fault ? "bluetooth.searchAgain" : action)}
          </Button>
        )}
      </div>
    </div>
  );
}
