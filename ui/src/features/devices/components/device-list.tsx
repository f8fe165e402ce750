// The list of one's own devices and its states. Draws only: the route brings the query's answer.
import { LinkButton, Button } from "~/components/ui/button";
import { DevicePicture, Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { byNeed } from "../order";
import { DeviceCard } from "./device-card";
import styles from "./device-list.module.css";

interface DeviceListProps {
  devices: Connection[] | undefined;
  error: unknown;
  onRetry: () => void;
  isRetrying: boolean;
}

export function DeviceList({ devices, error, onRetry, isRetrying }: DeviceListProps) {
  if (!devices && error) return <ListError error={error} onRetry={onRetry} isRetrying={isRetrying} />;
  if (!devices) {
    return (
      <Loading>
        <Skeleton height={196} />
        <Skeleton height={196} />
      </Loading>
    );
  }
  if (devices.length === 0) return <NoDevices />;
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

function NoDevices() {
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
