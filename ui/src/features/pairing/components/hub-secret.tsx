// A new hub's name and secret, shown once, and whether it has come online.
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Notice } from "~/components/ui/notice";
import type { HubCreated } from "~/lib/api-types";
import { useText } from "~/lib/text";
import styles from "./steps.module.css";

export function HubSecret({ made, name, isOnline, env }: { made: HubCreated; name: string; isOnline: boolean; env: string }) {
  const t = useText();
  const [isCopied, setCopied] = useState(false);
  const command = `device-connect simulate --hub ${made.hub_id} --secret ${made.secret}`;
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
  };
  return (
    <>
      <Card labelledBy="hub-secret">
        <div className={styles.form}>
          <h2 id="hub-secret">{t("pair.hub.secret.title", { name: name || made.hub_id })}</h2>
          <p>{t("pair.hub.secret.text")}</p>
          <dl className={styles.secret}>
            <dt>{t("pair.hub.secret.id")}</dt>
            <dd>{made.hub_id}</dd>
            <dt>{t("pair.hub.secret.secret")}</dt>
            <dd>{made.secret}</dd>
            <dt>{t("pair.hub.secret.address")}</dt>
            <dd>{`${made.mqtt.tls ? "mqtts" : "mqtt"}://${made.mqtt.host}:${made.mqtt.port}`}</dd>
          </dl>
          {env === "development" ? (
            <>
              <p>{t("pair.hub.secret.dev")}</p>
              <code className={styles.command}>{command}</code>
              {/* Browsers lend the clipboard on secure origins only; the text can be selected anywhere. */}
              {"clipboard" in navigator ? (
                <div className={styles.buttons}>
                  <Button onPress={() => void copy()}>{t(isCopied ? "pair.hub.secret.copied" : "pair.hub.secret.copy")}</Button>
                </div>
              ) : null}
            </>
          ) : null}
        </div>
      </Card>
      <div role="status">
        <Notice tone={isOnline ? "ok" : "info"}>
          <p>{t(isOnline ? "pair.hub.ready" : "pair.hub.waiting")}</p>
        </Notice>
      </div>
    </>
  );
}
