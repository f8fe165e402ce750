// What the owner can do about the device: each deed with a line that says what follows.
import type { ReactNode } from "react";
import { Button } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { useText } from "~/lib/text";
import { useReconnect } from "../api";
import styles from "./fix.module.css";

export function Deed({ text, action, children }: { text: string; action: ReactNode; children?: ReactNode }) {
  return (
    <li className={styles.deed}>
      <p>{text}</p>
      <div>{action}</div>
      {children}
    </li>
  );
}

export function Reconnect({ connectionId, isOnline }: { connectionId: string; isOnline: boolean }) {
  const t = useText();
  const problemText = useProblemText();
  const reconnect = useReconnect(connectionId);
  const action = (
    <Button onPress={() => reconnect.mutate()} isDisabled={!isOnline || reconnect.isPending}>
      <Icon name="turn" />
      {t("fix.do.reconnect")}
    </Button>
  );
  return (
    <Deed text={t("fix.do.reconnect.text")} action={action}>
      <p role="status">{reconnect.isSuccess ? t("fix.do.reconnect.sent") : null}</p>
      {reconnect.isError ? (
        <Notice tone="warn" role="alert">
          <p>{problemText(reconnect.error)}</p>
          <SupportDetails error={reconnect.error} />
        </Notice>
      ) : null}
    </Deed>
  );
}
