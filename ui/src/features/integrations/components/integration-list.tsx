// The list and its states. Draws only: the route brings the query's answer.
import { Button } from "~/components/ui/button";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Integration, Me } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { byNeed } from "../view";
import { IntegrationCard } from "./integration-card";
import styles from "./integration-list.module.css";

interface ListProps {
  me: Me;
  integrations: Integration[] | undefined;
  error: unknown;
  isRetrying: boolean;
  isOnline: boolean;
  onRetry: () => void;
  onEnded: (name: string) => void;
}

export function IntegrationList({ me, integrations, error, isRetrying, isOnline, onRetry, onEnded }: ListProps) {
  const t = useText();
  const problemText = useProblemText();
  if (!integrations && error) {
    return (
      <Notice
        tone="warn"
        role="alert"
        title={t("integrations.error.title")}
        actions={
          <Button onPress={onRetry} isDisabled={isRetrying}>
            {t("app.retry")}
          </Button>
        }
      >
        <p>{t("integrations.error.text")}</p>
        <p>{problemText(error)}</p>
        <SupportDetails error={error} />
      </Notice>
    );
  }
  if (!integrations) {
    return (
      <Loading>
        <Skeleton height={196} />
        <Skeleton height={196} />
      </Loading>
    );
  }
  if (integrations.length === 0) {
    return (
      <Notice title={t("integrations.empty.title")}>
        <p>{t("integrations.empty.text")}</p>
      </Notice>
    );
  }
  return (
    <ul className={styles.list}>
      {[...integrations].sort(byNeed).map((one) => (
        <IntegrationCard
          key={one.vendor}
          me={me}
          integration={one}
          successor={integrations.find((other) => other.vendor === one.successor)}
          isOnline={isOnline}
          onEnded={onEnded}
        />
      ))}
    </ul>
  );
}
