// Apps and accounts: the makers from whom readings come by themselves, and how each of them stands.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { useIntl } from "react-intl";
import { LinkButton } from "~/components/ui/button";
import { Page } from "~/components/ui/page";
import { integrationsQuery } from "~/features/integrations/api/integrations";
import { IntegrationList } from "~/features/integrations/components/integration-list";
import { ResultBanner } from "~/features/integrations/components/result-banner";
import { connectionsQuery } from "~/lib/connections";
import { useLivePatients, useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enConsent } from "~/lib/messages/en-consent";
import { enIntegrations } from "~/lib/messages/en-integrations";
import { addMessages, useText } from "~/lib/text";
import { clockText } from "~/lib/time";
import styles from "./integrations.module.css";

addMessages(enConsent, "consent");
addMessages(enIntegrations, "integrations");

export function IntegrationsPage() {
  const t = useText();
  const me = useMe();
  if (me.patient_id || me.roles.includes("admin")) return <Accounts />;
  return (
    <Page title={t("integrations.title")}>
      <p>{t("integrations.denied")}</p>
      <div>
        <LinkButton look="primary" to="/devices">
          {t("app.notFound.action")}
        </LinkButton>
      </div>
    </Page>
  );
}

function Accounts() {
  const t = useText();
  const me = useMe();
  const list = useQuery(integrationsQuery(me));
  const isOnline = useOnline();
  const [ended, setEnded] = useState("");
  useLivePatients(me.patient_id ? [me.patient_id] : []);
  return (
    <Page title={t("integrations.title")}>
      <Result isReady={list.isFetched} nameOf={(vendor) => list.data?.find((one) => one.vendor === vendor)} />
      <p>{t("integrations.intro")}</p>
      <p role="status" className={styles.said}>
        {ended ? t("integrations.disconnected", { name: ended }) : null}
      </p>
      <Freshness at={list.data ? list.dataUpdatedAt : null} isFresh={isOnline && !list.isError} />
      <IntegrationList
        me={me}
        integrations={list.data}
        error={list.error}
        isRetrying={list.isFetching}
        isOnline={isOnline}
        onRetry={() => void list.refetch()}
        onEnded={setEnded}
      />
    </Page>
  );
}

/** From when the list is, while it cannot be asked for again. */
function Freshness({ at, isFresh }: { at: number | null; isFresh: boolean }) {
  const t = useText();
  const intl = useIntl();
  const { timezone } = useMe();
  if (isFresh || at === null) return null;
  return <p className={styles.stale}>{t("integrations.checked", { time: clockText(intl, at, timezone) })}</p>;
}

interface ResultOfProps {
  isReady: boolean;
  nameOf: (vendor: string) => { name: string; device_connection_ids: string[] } | undefined;
}

/** The address brings the result back from the maker; it is taken out of it at once, so that a reload does not say it again. */
function Result({ isReady, nameOf }: ResultOfProps) {
  const me = useMe();
  const navigate = useNavigate();
  const { vendor, result } = useSearch({ from: "/signed-in/integrations" });
  const [kept] = useState(() => (vendor && result ? { vendor, result } : null));
  const connections = useQuery(connectionsQuery(me));
  const banner = useRef<HTMLDivElement>(null);
  const isShown = kept !== null && isReady;

  useEffect(() => {
    if (kept) void navigate({ to: "/integrations", search: {}, replace: true });
  }, [kept, navigate]);
  useEffect(() => {
    if (isShown) banner.current?.focus();
  }, [isShown]);

  if (!isShown) return null;
  const found = nameOf(kept.vendor);
  return (
    <ResultBanner
      ref={banner}
      result={kept.result}
      name={found?.name ?? kept.vendor.replaceAll("_", " ")}
      connections={connections.data?.filter((one) => found?.device_connection_ids.includes(one.id)) ?? []}
    />
  );
}
