// Disconnecting says first what ends and what stays, and waits for the server.
import { useState } from "react";
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, useProblemText } from "~/components/ui/notice";
import type { Me } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useDisconnect } from "../api/integrations";
import styles from "./integration-card.module.css";

interface DisconnectProps {
  me: Me;
  vendor: string;
  name: string;
  isDisabled: boolean;
  onEnded: () => void;
}

export function Disconnect({ me, vendor, name, isDisabled, onEnded }: DisconnectProps) {
  const t = useText();
  const problemText = useProblemText();
  const disconnect = useDisconnect(me, vendor);
  const [isOpen, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    disconnect.reset();
  };
  return (
    <>
      <Button look="quiet" aria-label={t("integrations.disconnectOf", { name })} onPress={() => setOpen(true)} isDisabled={isDisabled}>
        {t("integrations.disconnect")}
      </Button>
      <Modal
        role="alertdialog"
        title={t("integrations.disconnect.title", { name })}
        isOpen={isOpen}
        onClose={close}
        footer={
          <>
            <Button look="danger" onPress={() => disconnect.mutate(undefined, { onSuccess: onEnded })} isDisabled={disconnect.isPending}>
              {t("integrations.disconnect.yes")}
            </Button>
            <Button autoFocus onPress={close}>
              {t("integrations.disconnect.no")}
            </Button>
          </>
        }
      >
        {(["ends", "stays"] as const).map((part) => (
          <div key={part} className={styles.part}>
            <h3>{t(`integrations.disconnect.${part}`)}</h3>
            <p>{t(`integrations.disconnect.${part}.text`, { name })}</p>
          </div>
        ))}
        {disconnect.isError ? (
          <Notice tone="warn" role="alert">
            <p>{problemText(disconnect.error)}</p>
          </Notice>
        ) : null}
      </Modal>
    </>
  );
}
