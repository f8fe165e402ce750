// Help in the same place on every page.
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { enHelp } from "~/lib/messages/en-help";
import { addMessages, useText, type MessageId } from "~/lib/text";

addMessages(enHelp, "help");

const TOPICS: [MessageId, MessageId][] = [
  ["help.add.title", "help.add.text"],
  ["help.stopped.title", "help.stopped.text"],
  ["help.urgent.title", "help.urgent.text"],
];

export default function HelpDialog({ onClose }: { onClose: () => void }) {
  const t = useText();
  return (
    <Modal
      title={t("help.title")}
      isOpen
      onClose={onClose}
      footer={
        <Button look="secondary" onPress={onClose}>
          {t("app.close")}
        </Button>
      }
    >
      {TOPICS.map(([title, text]) => (
        <div key={title}>
          <h3>{t(title)}</h3>
          <p>{t(text)}</p>
        </div>
      ))}
    </Modal>
  );
}
