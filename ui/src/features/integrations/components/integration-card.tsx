// One maker's account: how it stands, what is read and why, when something last came, and the one thing to do.
import { useEffect, useId, useRef, useState } from "react";
import { useIntl } from "react-intl";
import { Age } from "~/components/ui/age";
import { Notice } from "~/components/ui/notice";
import { Say } from "~/components/ui/say";
import type { Integration, Me } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { useText } from "~/lib/text";
import { hasAccount, isQuiet, isUnderWay, reasonWord, standingOf, type Standing } from "../view";
import { BringHistory } from "./bring-history";
import { Disconnect } from "./disconnect";
import styles from "./integration-card.module.css";
import { JobProgress } from "./job-progress";
import { SignInButton } from "./sign-in-button";
import { StandingBadge } from "./standing-badge";
import { SyncNow } from "./sync-now";

interface CardProps {
  me: Me;
  integration: Integration;
  /** The account that takes its place, when that one is on the page. */
  successor: Integration | undefined;
  isOnline: boolean;
  onEnded: (name: string) => void;
}

export const anchorOf = (vendor: string) => `account-${vendor}`;

export function IntegrationCard({ me, integration, successor, isOnline, onEnded }: CardProps) {
  const titleId = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const [isEnded, setEnded] = useState(false);
  const standing = standingOf(integration);
  const isThere = hasAccount(integration);

  // The button that was pressed is gone with the account: the focus stays with its card.
  useEffect(() => {
    if (isEnded) heading.current?.focus();
  }, [isEnded]);
  const ended = () => {
    setEnded(true);
    onEnded(integration.name);
  };

  return (
    <li>
      <article className={styles.card} aria-labelledby={titleId} id={anchorOf(integration.vendor)} tabIndex={-1}>
        <div className={styles.head}>
          <h2 id={titleId} ref={heading} tabIndex={-1}>
            {integration.name}
          </h2>
          <StandingBadge standing={standing} />
        </div>
        <Why integration={integration} standing={standing} successor={successor} />
        {isThere ? <LastNews integration={integration} standing={standing} /> : null}
        {standing === "closed" ? null : <Kinds integration={integration} isThere={isThere} />}
        {standing === "connected" || standing === "waiting" ? <Missing me={me} integration={integration} isOnline={isOnline} /> : null}
        {isThere ? <JobProgress job={integration.job} name={integration.name} /> : null}
        {integration.pairing_method === "healthkit" ? <BringHistory me={me} /> : null}
        <Actions me={me} integration={integration} standing={standing} isOnline={isOnline} onEnded={ended} />
      </article>
    </li>
  );
}

/** Why it stands as it does, where that is not plain. */
function Why({ integration, standing, successor }: { integration: Integration; standing: Standing; successor: Integration | undefined }) {
  const t = useText();
  const intl = useIntl();
  const { name, pairing_method: method } = integration;
  const notice = intl.locale.startsWith("en") ? integration.notice : null;
  switch (standing) {
    case "needsYou":
      return (
        <Notice tone="warn">
          <p>{t(`integrations.reason.${reasonWord(integration.state_reason)}`, { name })}</p>
        </Notice>
      );
    case "paused":
    case "noCredentials":
      return <p>{t(`integrations.why.${standing}`, { name, vendor: integration.vendor })}</p>;
    case "onDevice":
      return <p>{t(method === "healthkit" ? "integrations.why.healthkit" : "integrations.why.health_connect")}</p>;
    case "partner":
      return <p>{notice ?? t("integrations.why.partner", { name })}</p>;
    case "closed":
      return (
        <div className={styles.part}>
          <p>{notice ?? t("integrations.why.closed", { name })}</p>
          {successor ? (
            <p>
              <a className={styles.link} href={`#${anchorOf(successor.vendor)}`}>
                {t("integrations.successor", { name: successor.name })}
              </a>
            </p>
          ) : null}
        </div>
      );
    default:
      return notice ? <p>{notice}</p> : null;
  }
}

/** When something last came this way; after days of silence, what to do. */
function LastNews({ integration, standing }: { integration: Integration; standing: Standing }) {
  const t = useText();
  const now = useNow();
  const { last_sync_at: last, name } = integration;
  if (!last) return <p className={styles.muted}>{t(standing === "waiting" ? "integrations.last.soon" : "integrations.last.none", { name })}</p>;
  const isLate = standing === "connected" && isQuiet(integration, now);
  return (
    <div>
      <p className={isLate ? styles.old : styles.muted}>
        <Say id="integrations.last" values={{ age: <Age key="age" at={last} /> }} />
      </p>
      {isLate ? <p>{t("integrations.last.quiet", { name })}</p> : null}
    </div>
  );
}

function Kinds({ integration, isThere }: { integration: Integration; isThere: boolean }) {
  const t = useText();
  const intl = useIntl();
  const kinds = isThere && integration.consented_kinds.length > 0 ? integration.consented_kinds : integration.data_kinds;
  if (kinds.length === 0) return null;
  return (
    <div className={styles.part}>
      <p>
        {t(isThere ? "integrations.reads" : "integrations.brings", {
          kinds: intl.formatList(kinds.map((kind) => t(`kind.${kind}`))),
        })}
      </p>
      <details className={styles.more}>
        <summary>{t("integrations.kinds.more", { name: integration.name })}</summary>
        <dl className={styles.kinds}>
          {kinds.map((kind) => (
            <div key={kind}>
              <dt>{t(`kind.${kind}`)}</dt>
              <dd>{t(`kind.${kind}.what`)}</dd>
            </div>
          ))}
        </dl>
        <p>{t("integrations.kinds.why", { name: integration.name })}</p>
      </details>
    </div>
  );
}

/** Consented here, and not allowed at the maker. */
function Missing({ me, integration, isOnline }: { me: Me; integration: Integration; isOnline: boolean }) {
  const t = useText();
  const intl = useIntl();
  const { name, missing_kinds: kinds } = integration;
  if (kinds.length === 0 || !me.patient_id) return null;
  const names = intl.formatList(kinds.map((kind) => t(`kind.${kind}`)));
  return (
    <Notice
      tone="info"
      title={t("integrations.missing.title", { name, kinds: names })}
      actions={
        <SignInButton
          me={me}
          patientId={me.patient_id}
          integration={integration}
          text={t("integrations.allow", { name })}
          label={t("integrations.allow", { name })}
          isDisabled={!isOnline}
        />
      }
    >
      <p>{t("integrations.missing.text", { name })}</p>
    </Notice>
  );
}

interface ActionProps {
  me: Me;
  integration: Integration;
  standing: Standing;
  isOnline: boolean;
  onEnded: () => void;
}

/** Only for the person whose account it is or would be. */
function Actions({ me, integration, standing, isOnline, onEnded }: ActionProps) {
  const t = useText();
  const { name, vendor } = integration;
  const connectionId = integration.device_connection_ids[0];
  const isThere = hasAccount(integration);
  if (!me.patient_id || (!isThere && standing !== "available")) return null;
  const signIn = { me, patientId: me.patient_id, integration, isDisabled: !isOnline };
  return (
    <div className={styles.actions}>
      {standing === "available" ? (
        <SignInButton {...signIn} text={t("integrations.connect")} label={t("integrations.connectOf", { name })} />
      ) : null}
      {standing === "needsYou" ? (
        <SignInButton {...signIn} look="primary" text={t("integrations.reconnect")} label={t("integrations.reconnectOf", { name })} />
      ) : null}
      {integration.state === "active" && connectionId ? (
        <SyncNow me={me} name={name} connectionId={connectionId} isDisabled={!isOnline || isUnderWay(integration.job)} />
      ) : null}
      {isThere ? <Disconnect me={me} vendor={vendor} name={name} isDisabled={!isOnline} onEnded={onEnded} /> : null}
    </div>
  );
}
