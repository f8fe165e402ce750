// What an administrator does to somebody's hub, with what follows said first.
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import type { Hub, HubCreated } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useRemoveHub, useRotate } from "../api/hubs";
import styles from "./admin.module.css";

function Refused({ error }: { error: unknown }) {
  const problemText = useProblemText();
  if (!error) return null;
  return (
    <Notice tone="warn" role="alert">
      <p>{problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}

export function RotateHub({ hub, onClose }: { hub: Hub; onClose: () => void }) {
  const t = useText();
  const rotate = useRotate(hub.hub_id);
  if (rotate.data) return <Secret made={rotate.data} name={hub.name} onClose={onClose} />;
  return (
    <Modal
      role="alertdialog"
      isOpen
      title={t("admin.hubs.rotate.title", { hub: hub.name })}
      onClose={onClose}
      footer={
        <>
          <Button look="primary" onPress={() => rotate.mutate()} isDisabled={rotate.isPending}>
            {t("admin.hubs.rotate.yes")}
          </Button>
          <Button autoFocus onPress={onClose}>
            {t("app.cancel")}
          </Button>
        </>
      }
    >
      <p>{t("admin.hubs.rotate.text")}</p>
      <Refused error={rotate.error} />
    </Modal>
  );
}

/** Shown once, and closed only on purpose. */
function Secret({ made, name, onClose }: { made: HubCreated; name: string; onClose: () => void }) {
  const t = useText();
  return (
    <Modal
      isOpen
      needsAnswer
      title={t("admin.hubs.secret.title", { hub: name })}
      onClose={onClose}
      footer={
        <Button look="primary" autoFocus onPress={onClose}>
          {t("admin.hubs.secret.done")}
        </Button>
      }
    >
      <p>{t("admin.hubs.secret.text")}</p>
      <dl className={styles.facts}>
        <dt>{t("admin.hubs.secret.name")}</dt>
        <dd>{made.hub_id}</dd>
        <dt>{t("admin.hubs.secret.secret")}</dt>
        <dd>{made.secret}</dd>
        <dt>{t("admin.hubs.secret.address")}</dt>
        <dd>{`${made.mqtt.tls ? "mqtts" : "mqtt"}://${made.mqtt.host}:${made.mqtt.port}`}</dd>
      </dl>
    </Modal>
  );
}

export function RemoveHub({ hub, onClose, onRemoved }: { hub: Hub; onClose: () => void; onRemoved: () => void }) {
  const t = useText();
  const remove = useRemoveHub(hub.hub_id);
  return (
    <Modal
      role="alertdialog"
      isOpen
      title={t("admin.hubs.remove.title", { hub: hub.name })}
      onClose={onClose}
      footer={
        <>
          <Button look="danger" onPress={() => remove.mutate(undefined, { onSuccess: onRemoved })} isDisabled={remove.isPending}>
            {t("admin.hubs.remove.yes")}
          </Button>
          <Button autoFocus onPress={onClose}>
            {t("app.cancel")}
          </Button>
        </>
      }
    >
      <p>{t("admin.hubs.remove.text")}</p>
      <Refused error={remove.error} />
    </Modal>
  );
}
