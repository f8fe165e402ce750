// Addresses that lead nowhere, and pages that stopped: what happened, what is safe, one way on.
import { useRouter } from "@tanstack/react-router";
import { Button, LinkButton } from "~/components/ui/button";
import { Icon, Mark } from "~/components/ui/icon";
import { SupportDetails, useProblemText } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { ApiProblem } from "~/lib/problem";
import { useText } from "~/lib/text";
import styles from "./plain.module.css";

export function NotFoundPage() {
  const t = useText();
  return (
    <PlainPage title={t("app.notFound.title")} text={t("app.notFound.text")}>
      <LinkButton look="primary" to="/devices">
        {t("app.notFound.action")}
      </LinkButton>
    </PlainPage>
  );
}

export function CrashPage({ error, reset }: { error: unknown; reset?: () => void }) {
  const t = useText();
  const router = useRouter();
  const problemText = useProblemText();
  const isProblem = error instanceof ApiProblem;
  const again = () => {
    reset?.();
    void router.invalidate();
  };
  return (
    <PlainPage
      title={t(isProblem ? "devices.error.title" : "app.crash.title")}
      text={isProblem ? problemText(error) : t("app.crash.text")}
    >
      <Button look="primary" onPress={isProblem ? again : () => location.reload()}>
        {t(isProblem ? "app.retry" : "app.crash.action")}
      </Button>
      <SupportDetails error={error} code={isProblem ? undefined : "PAGE-STOPPED"} />
    </PlainPage>
  );
}

function PlainPage({ title, text, children }: { title: string; text: string; children: React.ReactNode }) {
  const t = useText();
  return (
    <div className={styles.outside}>
      <header className={styles.brand}>
        <Mark />
        {t("app.name")}
      </header>
      <main className={styles.plain}>
        <Page title={title} before={<Icon name="search" size={40} />}>
          <p>{text}</p>
          <div className={styles.actions}>{children}</div>
        </Page>
      </main>
    </div>
  );
}
