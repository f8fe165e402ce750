// The warning before a session ends: one keystroke keeps it.
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { enSession } from "~/lib/messages/en-session";
import { addMessages, useText } from "~/lib/text";

addMessages(enSession, "session");

interface SessionWarningProps {
  minutes: number;
  onStay: () => void;
  onSignOut: () => void;
}

export default function SessionWarning({ minutes, onStay, onSignOut }: SessionWarningProps) {
  const t = useText();
  return (
    <Modal
      role="alertdialog"
      needsAnswer
      title={t("session.warn.title")}
      isOpen
      onClose={onStay}
      footer={
        <>
          <Button look="primary" autoFocus onPress={onStay}>
            {t("session.stay")}
          </Button>
          <Button onPress={onSignOut}>{t("session.signOut")}</Button>
        </>
      }
    >
      <p>{t("session.warn.text", { minutes })}</p>
    </Modal>
  );
}
