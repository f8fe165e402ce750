// Back from the system's browser: the code of the link becomes the app's session, and the person is where they were.
import { useQuery } from "@tanstack/react-query";
import { useRouter, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { Button } from "~/components/ui/button";
import { Mark } from "~/components/ui/icon";
import { Notice, SupportDetails } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import AppSignIn from "~/features/companion/components/app-sign-in";
import { finishSignIn } from "~/lib/companion/sign-in";
import { enCompanion } from "~/lib/messages/en-companion";
import { codeOf } from "~/lib/problem";
import { addMessages, useText } from "~/lib/text";
import styles from "./plain.module.css";

addMessages(enCompanion, "companion");

export function AppSignedInPage() {
  const t = useText();
  const router = useRouter();
  const { code = "" } = useSearch({ from: "/app/signed-in" });
  // As a query it is asked once for a code even when the page is shown twice; a second try would find it spent.
  const done = useQuery({
    queryKey: ["signed-in", code],
    queryFn: async () => (await finishSignIn(code)) ?? "/",
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
  });
  useEffect(() => {
    if (done.data) router.history.replace(done.data);
  }, [done.data, router]);
  const isSilent = codeOf(done.error) === "network";

  return (
    <div className={styles.outside}>
      <header className={styles.brand}>
        <Mark />
        {t("app.name")}
      </header>
      <main className={styles.plain}>
        <Page title={t(done.isError ? "companion.back.not.title" : "companion.back.title")}>
          {done.isError ? (
            <Notice
              tone="warn"
              role="alert"
              actions={isSilent ? <Button look="primary" onPress={() => void done.refetch()}>{t("app.retry")}</Button> : undefined}
            >
              <p>{t(isSilent ? "companion.back.silent" : "companion.back.not.text")}</p>
              <SupportDetails error={done.error} />
            </Notice>
          ) : (
            <Loading>
              <Skeleton height={24} />
            </Loading>
          )}
          {done.isError && !isSilent ? <AppSignIn next="/devices" text={t("signedOut.action")} /> : null}
        </Page>
      </main>
    </div>
  );
}
