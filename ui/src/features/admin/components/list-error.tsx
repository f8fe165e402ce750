// A list of the administration that cannot be had: what is safe, and trying again.
import { Button } from "~/components/ui/button";
import { Notice, SupportDetails, useProblemText } from "~/components/ui/notice";
import { useText } from "~/lib/text";

export function ListError({ error, onRetry, isRetrying }: { error: unknown; onRetry: () => void; isRetrying: boolean }) {
  const t = useText();
  const problemText = useProblemText();
  return (
    <Notice
      tone="warn"
      role="alert"
      title={t("admin.error.title")}
      actions={
        <Button onPress={onRetry} isDisabled={isRetrying}>
          {t("app.retry")}
        </Button>
      }
    >
      <p>{t("admin.error.text")}</p>
      <p>{problemText(error)}</p>
      <SupportDetails error={error} />
    </Notice>
  );
}
