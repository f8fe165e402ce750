// What the owner of a device can do about it, brought together from the features that do it.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { Button, LinkButton } from "~/components/ui/button";
import { Card } from "~/components/ui/card";
import { Skeleton } from "~/components/ui/skeleton";
import { Deed, Reconnect } from "~/features/fix/components/deeds";
import styles from "~/features/fix/components/fix.module.css";
import { integrationsQuery } from "~/features/integrations/api/integrations";
import { JobProgress } from "~/features/integrations/components/job-progress";
import { SyncNow } from "~/features/integrations/components/sync-now";
import { isUnderWay } from "~/features/integrations/view";
import type { Connection } from "~/lib/api-types";
import { useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enIntegrations } from "~/lib/messages/en-integrations";
import { addMessages, useText } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";

addMessages(enIntegrations, "integrations");

const SyncCard = lazy(async () => ({ default: (await import("~/components/bluetooth/sync-card")).SyncCard }));

/** The dialog and its words come when it is opened. */
const RemoveDialog = lazy(async () => ({ default: (await wordsAreHere(import("~/features/devices/components/manage-device"))).RemoveDialog }));

export default function FixDeeds({ connection }: { connection: Connection }) {
  const t = useText();
  const me = useMe();
  const navigate = useNavigate();
  const isOnline = useOnline();
  const [isRemoving, setRemoving] = useState(false);
  const { id, pairing_method: way, device_type: type } = connection;
  const mayPairAgain = way === "hub" || way === "web_bluetooth";
  return (
    <>
      {way === "web_bluetooth" ? (
        <Suspense fallback={<Skeleton height={160} />}>
          <SyncCard connection={connection} me={me} />
        </Suspense>
      ) : null}
      <Card labelledBy="deeds">
        <h2 id="deeds">{t("fix.do")}</h2>
        <ul className={styles.deeds}>
          {way === "hub" && connection.hub_id !== null ? <Reconnect connectionId={id} isOnline={isOnline} /> : null}
          {way === "vendor_oauth" ? <Sync connection={connection} /> : null}
          {mayPairAgain ? (
            <Deed
              text={t("fix.do.pair.text")}
              action={
                <LinkButton to="/pair/$step" params={{ step: "ready" }} search={{ connection: id }}>
                  {t("fix.do.pair")}
                </LinkButton>
              }
            />
          ) : null}
          <Deed
            text={t("fix.do.replace.text")}
            action={
              <LinkButton to="/pair/$step" params={{ step: "model" }} search={{ type }}>
                {t("fix.do.replace")}
              </LinkButton>
            }
          />
          <Deed
            text={t("fix.do.remove.text")}
            action={
              <Button onPress={() => setRemoving(true)} isDisabled={!isOnline}>
                {t("fix.do.remove")}
              </Button>
            }
          />
        </ul>
        <Suspense>
          {isRemoving ? (
            <RemoveDialog
              me={me}
              connection={connection}
              isOpen
              onClose={() => setRemoving(false)}
              onRemoved={() => void navigate({ to: "/devices", replace: true })}
            />
          ) : null}
        </Suspense>
      </Card>
    </>
  );
}

/** Looks at the maker now; how far it is comes over the live stream. */
function Sync({ connection }: { connection: Connection }) {
  const t = useText();
  const me = useMe();
  const isOnline = useOnline();
  const accounts = useQuery(integrationsQuery(me));
  const account = accounts.data?.find((one) => one.device_connection_ids.includes(connection.id));
  if (account?.state !== "active") return null;
  return (
    <Deed
      text={t("fix.do.sync.text")}
      action={<SyncNow me={me} name={account.name} connectionId={connection.id} isDisabled={!isOnline || isUnderWay(account.job)} />}
    >
      <JobProgress job={account.job} name={account.name} />
    </Deed>
  );
}
