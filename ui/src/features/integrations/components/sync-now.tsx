// "Sync now": asks for a look, and says kindly when that was asked a moment ago.
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import type { Me } from "~/lib/api-types";
import { codeOf } from "~/lib/problem";
import { useText } from "~/lib/text";
import { useSyncNow } from "../api/integrations";
import styles from "./integration-card.module.css";

export function SyncNow({ me, name, connectionId, isDisabled }: { me: Me; name: string; connectionId: string; isDisabled: boolean }) {
  const t = useText();
  const problemText = useProblemText();
  const sync = useSyncNow(me, connectionId);
  return (
    <div className={styles.action}>
      <Button aria-label={t("integrations.syncOf", { name })} onPress={() => sync.mutate(Date.now())} isDisabled={isDisabled || sync.isPending}>
        <Icon name="turn" />
        {t("integrations.sync")}
      </Button>
      {sync.error ? (
        <Notice tone={codeOf(sync.error) === "rate_limited" ? "info" : "warn"} role="alert">
          <p>{codeOf(sync.error) === "rate_limited" ? t("integrations.sync.often") : problemText(sync.error)}</p>
          <SupportDetails error={sync.error} />
        </Notice>
      ) : null}
    </div>
  );
}
