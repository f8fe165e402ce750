// The list of one's own devices and its states. Draws only: the route brings the query's answer.
import { lazy, Suspense } from "react";
import { Button } from "~/components/ui/button";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { wordsAreHere } from "~/lib/words";
import { byNeed } from "../order";
import { DeviceCard } from "./device-card";
import styles from "./device-list.module.css";

const NoDevices = /* @__PURE__ */ lazy(() => wordsAreHere(import("./no-devices")));

interface DeviceListProps {
  devices: Connection[] | undefined;
  error: unknown;
  onRetry: () => void;
  isRetrying: boolean;
}

export function DeviceList({ devices, error, onRetry, isRetrying }: DeviceListProps) {
  if (!devices && error) return <ListError error={error} onRetry={onRetry} isRetrying={isRetrying} />;
  const loading = (
    <Loading>
      <Skeleton height={196} />
      <Skeleton height={196} />
    </Loading>
  );
  if (!devices) return loading;
  if (devices.length === 0) {
    return (
      <Suspense fallback={loading}>
        <NoDevices />
      </Suspense>
    );
  }
  return (
    <ul className={styles.list}>
      {[...devices].sort(byNeed).map((connection) => (
        <DeviceCard key={connection.id} connection={connection} mayPair />
      ))}
    </ul>
  );
}

interface ListErrorProps {
  /** Whose words say what is safe. */
  of?: "devices" | "admin";
  error: unknown;
  onRetry: () => void;
  isRetrying: boolean;
}

export function ListError({ of = "devices", error, onRetry, isRetrying }: ListErrorProps) {
  const t = useText();
  const problemText = useProblemText();
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t(`${of}.error.title`)}
      actions={
        <Button onPress={onRetry} isDisabled={isRetrying}>
          {t("app.retry")}
        </Button>
      }
    >
      <p>{t(`${of}.error.text`)}</p>
      <p>{problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}
