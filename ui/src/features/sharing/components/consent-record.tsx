// One agreement as a document: what, when, to which text. Printing prints only this.
import { useQuery } from "@tanstack/react-query";
import { ConsentWords } from "~/components/consent/consent-words";
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import type { Consent } from "~/lib/api-types";
import { useKindList } from "~/lib/kind-words";
import { useMe } from "~/lib/me";
import { useText } from "~/lib/text";
import { textQuery } from "../api/consents";
import { useMomentText } from "./day-text";
import styles from "./sharing.module.css";

export default function ConsentRecord({ consent, name, onClose }: { consent: Consent; name: string; onClose: () => void }) {
  const t = useText();
  const moment = useMomentText();
  const kindList = useKindList();
  const problemText = useProblemText();
  const me = useMe();
  const text = useQuery(textQuery(consent));
  const rows: [string, string][] = [
    [t("sharing.record.person"), me.display_name],
    [t("sharing.record.device"), name],
    [t("sharing.record.kinds"), kindList(consent.data_kinds)],
    [t("sharing.record.given"), moment(consent.given_at)],
    [t("sharing.record.ended"), consent.revoked_at ? moment(consent.revoked_at) : t("sharing.record.holds")],
    [t("sharing.record.version"), `${consent.version} (${consent.locale})`],
    [t("sharing.record.print"), consent.text_sha256],
  ];
  return (
    <Modal
      isOpen
      title={t("sharing.record.title")}
      onClose={onClose}
      footer={
        <>
          <Button onPress={onClose}>{t("app.close")}</Button>
          <Button look="primary" isDisabled={!text.data} onPress={() => globalThis.print()}>
            {t("consent.print")}
          </Button>
        </>
      }
    >
      <dl className={styles.record}>
        {rows.map(([what, value]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      {text.data ? <ConsentWords text={text.data.text} /> : null}
      {!text.data && text.isError ? (
        <Notice tone="warn" role="alert" title={t("consent.error")} actions={<Button onPress={() => void text.refetch()}>{t("app.retry")}</Button>}>
          <p>{problemText(text.error)}</p>
        </Notice>
      ) : null}
      {!text.data && !text.isError ? (
        <Loading>
          <Skeleton height={240} />
        </Loading>
      ) : null}
    </Modal>
  );
}
