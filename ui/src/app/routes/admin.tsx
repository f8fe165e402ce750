// For administrators: the catalogue, the makers, the hubs. Everybody else reads why there is nothing here for them.
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import { LinkButton } from "~/components/ui/button";
import { Notice } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Segments } from "~/components/ui/segments";
import { Skeleton } from "~/components/ui/skeleton";
import Hubs from "~/features/admin/components/hubs";
import Makers from "~/features/admin/components/makers";
import { integrationsQuery } from "~/features/integrations/api/integrations";
import { useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { enAdmin } from "~/lib/messages/en-admin";
import { enKinds } from "~/lib/messages/en-kinds";
import { addMessages, useText } from "~/lib/text";
import type { AdminSearch } from "../router";

addMessages(enAdmin, "admin");
addMessages(enKinds, "kinds");
const PARTS = ["models", "makers", "hubs"] as const;
const Models = lazy(() => import("~/features/admin/components/models"));

export function AdminPage() {
  const t = useText();
  const me = useMe();
  if (me.roles.includes("admin")) return <Administration />;
  return (
    <Page title={t("admin.title")}>
      <Notice icon="lock">
        <p>{t("admin.denied")}</p>
      </Notice>
      <div>
        <LinkButton look="primary" to="/devices">
          {t("app.notFound.action")}
        </LinkButton>
      </div>
    </Page>
  );
}

function Administration() {
  const t = useText();
  const navigate = useNavigate();
  const isOnline = useOnline();
  const search = useSearch({ from: "/signed-in/admin" });
  const part = PARTS.find((one) => one === search.part) ?? PARTS[0];
  const go = (search: AdminSearch) => void navigate({ to: "/admin", search, replace: true, resetScroll: false });
  return (
    <Page title={t("admin.title")}>
      <Segments
        label={t("admin.part")}
        hideLabel
        value={part}
        onChange={(next) => go({ part: next })}
        choices={PARTS.map((id) => ({ id, text: t(`admin.part.${id}`) }))}
      />
      {isOnline ? null : (
        <Notice tone="info" icon="offline">
          <p>{t("admin.offline")}</p>
        </Notice>
      )}
      {part === "models" ? (
        <Suspense fallback={<Skeleton height={320} />}>
          <Models words={search.q ?? ""} onWords={(words) => go({ part, q: words || undefined })} isOnline={isOnline} />
        </Suspense>
      ) : null}
      {part === "makers" ? <AllMakers /> : null}
      {part === "hubs" ? <Hubs isOnline={isOnline} /> : null}
    </Page>
  );
}

function AllMakers() {
  const list = useQuery(integrationsQuery(useMe()));
  return <Makers makers={list.data} error={list.error} onRetry={() => void list.refetch()} isRetrying={list.isFetching} />;
}
