// Letting somebody see readings: first whom, seen by name before anything is shared, then what and until when.
import { useState, type FormEvent } from "react";
import { Form } from "react-aria-components/Form";
import { Badge } from "~/components/ui/badge";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Modal } from "~/components/ui/modal";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import type { Connection, Grantee, Permission } from "~/lib/api-types";
import { codeOf } from "~/lib/problem";
import { useText } from "~/lib/text";
import { useFindGrantee, useGrant } from "../api/permissions";
import { Terms, useTerms } from "./terms";
import styles from "./sharing.module.css";

interface ShareProps {
  patientId: string;
  zone: string;
  connections: readonly Connection[];
  /** Known already when somebody is shared with again. */
  known: Grantee | null;
  onClose: () => void;
  onShared: (given: Permission) => void;
}

export default function ShareDialog(props: ShareProps) {
  const [who, setWho] = useState(props.known);
  if (!who) return <Whom onClose={props.onClose} onFound={setWho} />;
  return <What {...props} who={who} onBack={props.known ? undefined : () => setWho(null)} />;
}

const ID = "share-whom";

function Whom({ onClose, onFound }: { onClose: () => void; onFound: (who: Grantee) => void }) {
  const t = useText();
  const problemText = useProblemText();
  const find = useFindGrantee();
  const [name, setName] = useState("");
  const [isShort, setShort] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const typed = name.trim();
    setShort(typed === "");
    if (typed) find.mutate(typed, { onSuccess: onFound });
  };
  const code = find.isError ? codeOf(find.error) : null;
  const known = code === "not_found" ? t("sharing.who.nobody") : code === "conflict" ? t("sharing.who.you") : undefined;
  return (
    <Modal
      isOpen
      needsAnswer
      title={t("sharing.who.title")}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t("sharing.what.no")}</Button>
          <Button look="primary" type="submit" form={ID} isDisabled={find.isPending}>
            {t("sharing.who.find")}
          </Button>
        </>
      }
    >
      <Form id={ID} className={styles.part} onSubmit={submit}>
        <Field
          autoFocus
          label={t("sharing.who.label")}
          value={name}
          onChange={(next) => {
            setName(next);
            find.reset();
          }}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck="false"
          maxLength={64}
          error={isShort && !name.trim() ? t("sharing.who.short") : known}
        />
        <p className={styles.muted}>{t("sharing.who.text")}</p>
      </Form>
      {code && !known ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(find.error)}</p>
          <SupportDetails error={find.error} />
        </Notice>
      ) : null}
    </Modal>
  );
}

function What({ patientId, zone, connections, who, onBack, onClose, onShared }: ShareProps & { who: Grantee; onBack?: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  const grant = useGrant(patientId);
  const terms = useTerms(zone, null);
  const share = () => {
    const wish = terms.answer();
    if (!wish) return;
    const end = wish.until ? { until: wish.until } : {};
    grant.mutate({ grantee: who.id, data_kinds: wish.kinds, ...end }, { onSuccess: onShared });
  };
  return (
    <Modal
      isOpen
      needsAnswer
      title={t("sharing.what.title", { name: who.display_name })}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onBack ?? onClose}>{t(onBack ? "app.back" : "sharing.what.no")}</Button>
          <Button look="primary" onPress={share} isDisabled={grant.isPending}>
            {t("sharing.what.yes")}
          </Button>
        </>
      }
    >
      <div className={styles.person}>
        <p className={styles.name}>{who.display_name}</p>
        <Badge icon="people" tint="neutral">
          {t(`sharing.role.${who.role}`)}
        </Badge>
        {onBack ? <p className={styles.muted}>{t("sharing.what.is")}</p> : null}
      </div>
      <Terms terms={terms} connections={connections} />
      {grant.isError ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(grant.error)}</p>
          <SupportDetails error={grant.error} />
        </Notice>
      ) : null}
    </Modal>
  );
}
