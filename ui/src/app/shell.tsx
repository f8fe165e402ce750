// What surrounds every signed-in page: whose data this is, where one can go, whether it is live, and the session's clock.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { lazy, Suspense, useEffect, useState } from "react";
import { Button } from "~/components/ui/button";
import { Icon, Mark, type IconName } from "~/components/ui/icon";
import { useSignOut } from "~/features/session/use-sign-out";
import { LiveContext, useOpenLive } from "~/lib/live";
import { MeContext, meQuery, readerOf } from "~/lib/me";
import { useSession } from "~/lib/session-context";
import { useText, type MessageId } from "~/lib/text";
import { LiveBar } from "./live-bar";
import { sendWhatWaits } from "~/lib/waiting-values";
import { wordsAreHere } from "~/lib/words";
import styles from "./shell.module.css";

const SessionClock = lazy(() => import("~/features/session/components/session-clock"));
const SyncOnOpen = /* @__PURE__ */ lazy(() => import("~/features/companion/components/sync-on-open"));
const HelpDialog = lazy(() => wordsAreHere(import("./help-dialog")));

const PLACES: { to: "/devices" | "/integrations" | "/sharing" | "/settings" | "/admin"; icon: IconName; text: MessageId }[] = [
  { to: "/devices", icon: "devices", text: "nav.devices" },
  { to: "/integrations", icon: "cloud", text: "nav.integrations" },
  { to: "/sharing", icon: "people", text: "nav.sharing" },
  { to: "/settings", icon: "settings", text: "nav.settings" },
];
const ADMIN: (typeof PLACES)[number] = { to: "/admin", icon: "lock", text: "nav.admin" };

export function Shell() {
  const client = useQueryClient();
  const session = useSession();
  const { data: me } = useQuery(meQuery);
  const reader = me && readerOf(me);
  const live = useOpenLive(client, reader, () => void session.end("ended"));
  useEffect(() => {
    if (me) void sendWhatWaits(me);
  }, [me]);

  if (!me) return null;
  return (
    <MeContext value={me}>
      <LiveContext value={live}>
        <Frame name={me.display_name} isOwner={me.patient_id !== null} isAdmin={me.roles.includes("admin")} />
        <Suspense>{import.meta.env.VITE_APP ? <SyncOnOpen /> : <SessionClock />}</Suspense>
      </LiveContext>
    </MeContext>
  );
}

function Frame({ name, isOwner, isAdmin }: { name: string; isOwner: boolean; isAdmin: boolean }) {
  const t = useText();
  const signOut = useSignOut();
  const whose = t(isOwner ? "app.dataOf" : "app.signedInAs", { name });
  const places = isAdmin ? [...PLACES, ADMIN] : isOwner ? PLACES : PLACES.filter(({ to }) => to !== "/integrations");
  const [isHelpOpen, setHelpOpen] = useState(false);
  return (
    <div className={styles.shell}>
      <a className={styles.skip} href="#main">
        {t("app.skip")}
      </a>
      <header className={styles.bar}>
        <div className={styles.inside}>
          <Mark />
          <span className={styles.product}>{t("app.name")}</span>
          <Places places={places} className={styles.places!} />
          <span className={styles.person} title={whose}>
            <span className="visually-hidden">{whose}</span>
            <span aria-hidden="true">{name}</span>
          </span>
          <span className={styles.wideOnly}>
            <Button look="quiet" onPress={() => signOut.mutate()} isDisabled={signOut.isPending}>
              {t("session.signOut")}
            </Button>
          </span>
          <Button look="quiet" aria-label={t("app.help")} onPress={() => setHelpOpen(true)}>
            <Icon name="help" size={24} />
          </Button>
        </div>
      </header>
      <LiveBar />
      <main id="main" tabIndex={-1} className={styles.main}>
        <Outlet />
      </main>
      <Places places={places} className={styles.tabs!} />
      <Suspense>{isHelpOpen ? <HelpDialog onClose={() => setHelpOpen(false)} /> : null}</Suspense>
    </div>
  );
}

/** One of the two is shown: in the bar on wide screens, at the thumb on phones. */
function Places({ places, className }: { places: typeof PLACES; className: string }) {
  const t = useText();
  return (
    <nav className={className} aria-label={t("app.nav")}>
      {places.map(({ to, icon, text }) => (
        <Link key={to} to={to} className={styles.place} preload="intent">
          <Icon name={icon} size={24} />
          <span>{t(text)}</span>
        </Link>
      ))}
    </nav>
  );
}
