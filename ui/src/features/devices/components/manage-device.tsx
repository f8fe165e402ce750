// Rename and remove. Removing says first what follows, and waits for the server.
import { useState, type FormEvent } from "react";
import { Form } from "react-aria-components/Form";
import { Button, LinkButton } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Icon } from "~/components/ui/icon";
import { Modal } from "~/components/ui/modal";
import { Notice, useProblemText } from "~/components/ui/notice";
import type { Connection, Me } from "~/lib/api-types";
import { enManage } from "~/lib/messages/en-manage";
import { enName } from "~/lib/messages/en-name";
import { addMessages, useText } from "~/lib/text";
import { useRemove, useRename } from "../api/change-connection";
import styles from "./manage-device.module.css";

addMessages(enManage, "manage");
addMessages(enName, "name");

const MAX_NAME = 64;

export function ManageDevice({ me, connection, onRemoved }: { me: Me; connection: Connection; onRemoved: () => void }) {
  const t = useText();
  const [open, setOpen] = useState<"rename" | "remove" | null>(null);
  const close = () => setOpen(null);
  return (
    <section className={styles.manage} aria-labelledby="manage">
      <h2 id="manage" className="visually-hidden">
        {t("dash.manage")}
      </h2>
      <LinkButton look="quiet" to="/devices/$id/fix" params={{ id: connection.id }}>
        <Icon name="help" />
        {t("dash.fix")}
      </LinkButton>
      <Button look="quiet" onPress={() => setOpen("rename")}>
        <Icon name="pencil" />
        {t("dash.rename")}
      </Button>
      <Button look="quiet" onPress={() => setOpen("remove")}>
        <Icon name="trash" />
        {t("dash.remove")}
      </Button>
      <RenameDialog me={me} connection={connection} isOpen={open === "rename"} onClose={close} />
      <RemoveDialog me={me} connection={connection} isOpen={open === "remove"} onClose={close} onRemoved={onRemoved} />
    </section>
  );
}

interface DialogProps {
  me: Me;
  connection: Connection;
  isOpen: boolean;
  onClose: () => void;
}

function RenameDialog({ me, connection, isOpen, onClose }: DialogProps) {
  const t = useText();
  const problemText = useProblemText();
  const rename = useRename(me, connection.id);
  const [name, setName] = useState(connection.name);
  const [fault, setFault] = useState("");
  const save = (event: FormEvent) => {
    event.preventDefault();
    const wanted = name.trim();
    if (!wanted || wanted.length > MAX_NAME) {
      setFault(t("devices.name.short"));
      return;
    }
    setFault("");
    rename.mutate(wanted, { onSuccess: onClose });
  };
  return (
    <Modal title={t("dash.rename.title")} isOpen={isOpen} onClose={onClose}>
      <Form className={styles.form!} onSubmit={save}>
        <Field label={t("devices.name.label")} value={name} onChange={setName} maxLength={MAX_NAME} error={fault} autoFocus />
        {rename.isError ? (
          <Notice tone="warn" role="alert">
            <p>{problemText(rename.error)}</p>
          </Notice>
        ) : null}
        <div className={styles.buttons}>
          <Button look="primary" type="submit" isDisabled={rename.isPending}>
            {t("devices.name.save")}
          </Button>
          <Button onPress={onClose}>{t("app.cancel")}</Button>
        </div>
      </Form>
    </Modal>
  );
}

export function RemoveDialog({ me, connection, isOpen, onClose, onRemoved }: DialogProps & { onRemoved: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  const remove = useRemove(me, connection.id);
  return (
    <Modal
      role="alertdialog"
      title={t("dash.remove.title", { name: connection.name })}
      isOpen={isOpen}
      onClose={onClose}
      footer={
        <>
          <Button look="danger" onPress={() => remove.mutate(undefined, { onSuccess: onRemoved })} isDisabled={remove.isPending}>
            {t("dash.remove.yes")}
          </Button>
          <Button autoFocus onPress={onClose}>
            {t("dash.remove.no")}
          </Button>
        </>
      }
    >
      <p>{t("dash.remove.text")}</p>
      {remove.isError ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(remove.error)}</p>
        </Notice>
      ) : null}
    </Modal>
  );
}
