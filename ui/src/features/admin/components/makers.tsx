// The makers whose accounts can bring readings: how each stands here, and which files it lacks.
import { Badge, type Tint } from "~/components/ui/badge";
import type { IconName } from "~/components/ui/icon";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ListError } from "~/features/devices/components/device-list";
import type { Integration } from "~/lib/api-types";
import { useKindList } from "~/lib/kind-words";
import { useText } from "~/lib/text";
import { byStanding, credentialPath, standingOf, type Standing } from "../draft";
import styles from "./admin.module.css";

const LOOK: Record<Standing, { icon: IconName; tint: Tint }> = {
  missing: { icon: "warn", tint: "warn" },
  ready: { icon: "check", tint: "ok" },
  partner: { icon: "lock", tint: "neutral" },
  phone: { icon: "devices", tint: "info" },
  closing: { icon: "close", tint: "neutral" },
};

interface MakersProps {
  makers: readonly Integration[] | undefined;
  error: unknown;
  onRetry: () => void;
  isRetrying: boolean;
}

export default function Makers({ makers, error, onRetry, isRetrying }: MakersProps) {
  const t = useText();
  if (!makers && error) return <ListError of="admin" error={error} onRetry={onRetry} isRetrying={isRetrying} />;
  if (!makers) {
    return (
      <Loading>
        <Skeleton height={140} />
        <Skeleton height={140} />
      </Loading>
    );
  }
  return (
    <div className={styles.part}>
      <p>{t(makers.length === 0 ? "admin.makers.empty" : "admin.makers.intro")}</p>
      <ul className={styles.list}>
        {[...makers].sort(byStanding).map((one) => (
          <Maker key={one.vendor} maker={one} instead={makers.find((other) => other.vendor === one.successor)} />
        ))}
      </ul>
    </div>
  );
}

function Maker({ maker, instead }: { maker: Integration; instead: Integration | undefined }) {
  const t = useText();
  const kindList = useKindList();
  const standing = standingOf(maker);
  const missing = maker.missing_credentials ?? [];
  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <h2 className={styles.name}>{maker.name}</h2>
        <Badge {...LOOK[standing]}>{t(`admin.standing.${standing}`)}</Badge>
      </div>
      <p className={styles.muted}>{t("admin.makers.brings", { kinds: kindList(maker.data_kinds) })}</p>
      {maker.notice ? <p>{maker.notice}</p> : null}
      {standing === "phone" ? <p>{t("admin.makers.phone")}</p> : null}
      {standing === "partner" ? <p>{t("admin.makers.partner")}</p> : null}
      {instead ? <p>{t("admin.makers.instead", { name: instead.name })}</p> : null}
      {standing === "missing" ? (
        <>
          <p>{t("admin.makers.files", { count: missing.length })}</p>
          <ul className={styles.files} aria-label={t("admin.makers.filesOf", { name: maker.name })}>
            {missing.map((file) => (
              <li key={file}>
                <code>{credentialPath(maker.vendor, file)}</code>
              </li>
            ))}
          </ul>
          <p className={styles.muted}>{t("admin.makers.docs")}</p>
        </>
      ) : null}
    </li>
  );
}
