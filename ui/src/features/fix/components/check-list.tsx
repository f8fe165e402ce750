// The checks with their results, and for each that is not well what to do.
import { LinkButton } from "~/components/ui/button";
import { Icon, type IconName } from "~/components/ui/icon";
import type { Connection } from "~/lib/api-types";
import { useText } from "~/lib/text";
import type { Refused } from "../causes";
import type { Check, CheckId, Result } from "../checks";
import styles from "./fix.module.css";

const ICONS: Record<Result, IconName> = { well: "check", trouble: "warn", unknown: "help" };

interface CheckListProps {
  checks: readonly Check[];
  refused: readonly Refused[];
  connection: Connection;
  isOwner: boolean;
}

export function CheckList({ checks, refused, connection, isOwner }: CheckListProps) {
  const t = useText();
  return (
    <ul className={styles.checks} aria-label={t("fix.list")}>
      {checks.map(({ id, result, advice }) => (
        <li key={id} id={anchor(id)} className={`${styles.check} ${styles[result]}`}>
          <Icon name={ICONS[result]} size={22} />
          <div className={styles.words}>
            <p className={styles.name}>
              {t(`fix.check.${id}`)} <span className={styles.result}>{t(`fix.result.${result}`)}</span>
            </p>
            {result === "trouble" ? (
              <>
                <p>{t(`fix.advice.${advice}`)}</p>
                {id === "refused" ? <Reasons refused={refused} /> : null}
                {isOwner ? <Way id={id} connection={connection} /> : null}
              </>
            ) : null}
          </div>
        </li>
      ))}
    </ul>
  );
}

/** Where the log leads to. */
export const anchor = (id: CheckId) => `check-${id}`;

/** Why values were refused and how often, the most frequent first. */
function Reasons({ refused }: { refused: readonly Refused[] }) {
  const t = useText();
  return (
    <ul className={styles.reasons}>
      {refused.map(({ refusal, count }) => (
        <li key={refusal}>{t(`fix.refused.${refusal}`, { count })}</li>
      ))}
    </ul>
  );
}

/** Where the person can mend it, when that is a page of ours. */
function Way({ id, connection }: { id: CheckId; connection: Connection }) {
  const t = useText();
  if (id === "pairing" || id === "consent") {
    return (
      <LinkButton to="/pair/$step" params={{ step: id === "pairing" && connection.status === "failed" ? "ready" : "consent" }} search={{ connection: connection.id }}>
        {t("fix.go.pairing")}
      </LinkButton>
    );
  }
  if (id === "account") return <LinkButton to="/integrations">{t("fix.go.account")}</LinkButton>;
  return null;
}
