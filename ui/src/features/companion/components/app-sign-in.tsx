// Signing in from the app: the system's browser opens, and a link brings the person back here.
import { useEffect, useState } from "react";
import { AnchorButton, Button, LinkButton } from "~/components/ui/button";
import { Notice } from "~/components/ui/notice";
import { serverHere } from "~/lib/companion/here";
import { beginSignIn } from "~/lib/companion/sign-in";
import { enCompanion } from "~/lib/messages/en-companion";
import { addMessages, useText } from "~/lib/text";
import styles from "./companion.module.css";

addMessages(enCompanion, "companion");

/** `isOut`: the person has just signed out here. */
export default function AppSignIn({ next, text, isOut = false }: { next?: string; text: string; isOut?: boolean }) {
  const t = useText();
  const [isAway, setAway] = useState(false);
  const { address, isRefused, again } = useBegun(next);
  return (
    <div className={styles.column}>
      {isOut ? <p>{t("companion.signedOut")}</p> : null}
      {isRefused ? (
        <Notice tone="warn" role="alert" title={t("companion.signIn.keys.title")} actions={<Button look="primary" onPress={again}>{t("app.retry")}</Button>}>
          <p>{t("companion.signIn.keys.text")}</p>
        </Notice>
      ) : (
        <div>
          {/* The shell hands an address of another site to the system's browser; nothing of it is shown in the app. */}
          <AnchorButton look="primary" href={address} aria-disabled={address === undefined} onClick={() => setAway(true)}>
            {text}
          </AnchorButton>
        </div>
      )}
      <p className={styles.muted} role="status">
        {t(isAway ? "companion.signIn.away" : "companion.signIn.how")}
      </p>
      <p className={styles.muted}>{t("companion.server.here", { server: new URL(serverHere()).host })}</p>
      <div>
        <LinkButton look="quiet" to="/app/server" search={{ next }}>
          {t("companion.server.other")}
        </LinkButton>
      </div>
    </div>
  );
}

/** Not a query: when a session ends, the cache is emptied while this is on the screen. */
function useBegun(next: string | undefined) {
  const [attempt, setAttempt] = useState(0);
  const [begun, setBegun] = useState<{ address?: string; isRefused: boolean }>({ isRefused: false });
  useEffect(() => {
    let isGone = false;
    const say = (said: typeof begun) => (isGone ? undefined : setBegun(said));
    void beginSignIn(next).then(
      (address) => say({ address, isRefused: false }),
      () => say({ isRefused: true }),
    );
    return () => {
      isGone = true;
    };
  }, [next, attempt]);
  return { ...begun, again: () => setAttempt(attempt + 1) };
}
