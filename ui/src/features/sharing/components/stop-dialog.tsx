// The last question before something ends: what ends, what stays, and the safe answer has the focus.
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { useText } from "~/lib/text";
import styles from "./sharing.module.css";

interface StopProps {
  title: string;
  ends: string;
  stays: string;
  yes: string;
  no: string;
  isPending: boolean;
  error: unknown;
  onYes: () => void;
  onClose: () => void;
}

export default function StopDialog({ title, ends, stays, yes, no, isPending, error, onYes, onClose }: StopProps) {
  const t = useText();
  const problemText = useProblemText();
  return (
    <Modal
      isOpen
      role="alertdialog"
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button look="danger" onPress={onYes} isDisabled={isPending}>
            {yes}
          </Button>
          <Button autoFocus onPress={onClose}>
            {no}
          </Button>
        </>
      }
    >
      <section className={styles.part}>
        <h3>{t("sharing.stop.ends")}</h3>
        <p>{ends}</p>
      </section>
      <section className={styles.part}>
        <h3>{t("sharing.stop.stays")}</h3>
        <p>{stays}</p>
      </section>
      {error ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(error)}</p>
          <SupportDetails error={error} />
        </Notice>
      ) : null}
    </Modal>
  );
}
