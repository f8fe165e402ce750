// An informed yes: what, who, why, how long, how to stop. Nothing is switched on beforehand, and "Not now" is as easy
// as yes. Asks only; whoever opens it keeps the answer.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Modal } from "~/components/ui/modal";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { SwitchRow } from "~/components/ui/switch-row";
import type { ConsentText, Kind } from "~/lib/api-types";
import { consentTextQuery, permissionsQuery } from "~/lib/consent";
import { enConsent } from "~/lib/messages/en-consent";
import { addMessages, useText } from "~/lib/text";
import { ConsentWords } from "./consent-words";
import styles from "./consent-dialog.module.css";

addMessages(enConsent, "consent");

interface ConsentDialogProps {
  patientId: string;
  /** Of the device or the account that would send. */
  name: string;
  /** What it can send. */
  kinds: readonly Kind[];
  /** How to stop, in a sentence. */
  howToStop: string;
  isOpen: boolean;
  isPending: boolean;
  error: unknown;
  onAgree: (version: ConsentText, kinds: Kind[]) => void;
  onNotNow: () => void;
  /** What the yes is called where more follows. */
  yes?: string;
}

export function ConsentDialog(props: ConsentDialogProps) {
  const { patientId, name, kinds, howToStop, isOpen, isPending, error, onAgree, onNotNow, yes } = props;
  const t = useText();
  const intl = useIntl();
  const problemText = useProblemText();
  const text = useQuery({ ...consentTextQuery(intl.locale.split("-")[0] ?? "en"), enabled: isOpen });
  const [chosen, setChosen] = useState<readonly Kind[]>([]);
  const [isEmpty, setEmpty] = useState(false);

  const choose = (kind: Kind, on: boolean) => {
    setChosen(kinds.filter((one) => (one === kind ? on : chosen.includes(one))));
    setEmpty(false);
  };
  const agree = (version: ConsentText) => {
    setEmpty(chosen.length === 0);
    if (chosen.length > 0) onAgree(version, [...chosen]);
  };

  return (
    <Modal
      needsAnswer
      title={t("consent.title", { name })}
      isOpen={isOpen}
      onClose={onNotNow}
      footer={
        <>
          <Button onPress={onNotNow}>{t("consent.no")}</Button>
          {text.data ? (
            <Button look="primary" onPress={() => agree(text.data)} isDisabled={isPending}>
              {yes ?? t("consent.yes")}
            </Button>
          ) : null}
        </>
      }
    >
      <section className={styles.part}>
        <h3>{t("consent.kinds")}</h3>
        <p className={styles.muted}>{t("consent.kinds.text")}</p>
        <ul className={styles.kinds}>
          {kinds.map((kind) => (
            <li key={kind}>
              <SwitchRow
                title={t(`kind.${kind}`)}
                text={t(`kind.${kind}.what`)}
                isSelected={chosen.includes(kind)}
                onChange={(on) => choose(kind, on)}
              />
            </li>
          ))}
        </ul>
        <div role="alert">
          {isEmpty ? <Notice tone="info">{t("consent.none")}</Notice> : null}
          {error ? (
            <Notice tone="warn" title={t("pair.problem.title")}>
              <p>{problemText(error)}</p>
              <SupportDetails error={error} />
            </Notice>
          ) : null}
        </div>
      </section>
      <section className={styles.part}>
        <h3>{t("consent.who")}</h3>
        <Viewers patientId={patientId} isOpen={isOpen} />
      </section>
      {(["why", "long"] as const).map((part) => (
        <section key={part} className={styles.part}>
          <h3>{t(`consent.${part}`)}</h3>
          <p>{t(`consent.${part}.text`)}</p>
        </section>
      ))}
      <section className={styles.part}>
        <h3>{t("consent.stop")}</h3>
        <p>{howToStop}</p>
      </section>
      <FullText text={text.data} error={text.error} onRetry={() => void text.refetch()} />
    </Modal>
  );
}

/** Names, never ids. The people are those whom the patient chose before. */
function Viewers({ patientId, isOpen }: { patientId: string; isOpen: boolean }) {
  const t = useText();
  const intl = useIntl();
  const permissions = useQuery({ ...permissionsQuery(patientId), enabled: isOpen });
  if (!permissions.data) return <p>{t("consent.who.unknown")}</p>;
  const names = [...new Set(permissions.data.filter((one) => one.patient_id === patientId).map((one) => one.display_name))];
  return <p>{names.length > 0 ? t("consent.who.also", { names: intl.formatList([t("consent.who.you"), ...names]) }) : t("consent.who.only")}</p>;
}

function FullText({ text, error, onRetry }: { text: ConsentText | undefined; error: unknown; onRetry: () => void }) {
  const t = useText();
  const problemText = useProblemText();
  if (!text && error) {
    return (
      <Notice tone="warn" role="alert" title={t("consent.error")} actions={<Button onPress={onRetry}>{t("app.retry")}</Button>}>
        <p>{problemText(error)}</p>
      </Notice>
    );
  }
  if (!text) {
    return (
      <Loading>
        <Skeleton height={48} />
      </Loading>
    );
  }
  return (
    <details className={styles.full}>
      <summary>{t("consent.text", { version: text.version })}</summary>
      <ConsentWords text={text.text} />
      <Button look="quiet" onPress={() => globalThis.print()}>
        {t("consent.print")}
      </Button>
    </details>
  );
}
