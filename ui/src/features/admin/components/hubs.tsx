// Every hub: whether it is there, a new secret for it, its end.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Age } from "~/components/ui/age";
import { Badge } from "~/components/ui/badge";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Say } from "~/components/ui/say";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ListError } from "~/features/devices/components/device-list";
import type { Hub } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { everyHubQuery } from "../api/hubs";
import styles from "./admin.module.css";
import { RemoveHub, RotateHub } from "./hub-dialogs";

/** A list that is longer than a screen has a search. */
const LONG = 8;

export default function Hubs({ isOnline }: { isOnline: boolean }) {
  const t = useText();
  const found = useInfiniteQuery(everyHubQuery);
  const [words, setWords] = useState("");
  const [open, setOpen] = useState<{ hub: Hub; deed: "rotate" | "remove" } | null>(null);
  const [said, setSaid] = useState("");
  const hubs = found.data?.pages.flatMap((page) => page.items);
  const shown = hubs?.filter(({ hub_id, name }) => `${hub_id} ${name}`.toLocaleLowerCase().includes(words.trim().toLocaleLowerCase()));
  if (!hubs && found.error) return <ListError of="admin" error={found.error} onRetry={() => void found.refetch()} isRetrying={found.isFetching} />;
  if (!hubs) {
    return (
      <Loading>
        <Skeleton height={140} />
        <Skeleton height={140} />
      </Loading>
    );
  }
  const close = () => setOpen(null);
  return (
    <div className={styles.part}>
      <p>{t(hubs.length === 0 ? "admin.hubs.empty" : "admin.hubs.intro")}</p>
      {hubs.length > LONG ? <Field label={t("admin.hubs.find")} value={words} onChange={setWords} type="search" autoCapitalize="none" /> : null}
      <p role="status" className={styles.said}>{hubs.length > 0 && shown?.length === 0 ? t("admin.hubs.none") : said}</p>
      <ul className={styles.list}>
        {shown?.map((hub) => (
          <HubRow key={hub.hub_id} hub={hub} isOnline={isOnline} onOpen={(deed) => setOpen({ hub, deed })} />
        ))}
      </ul>
      {found.hasNextPage ? (
        <div className={styles.buttons}>
          <Button onPress={() => void found.fetchNextPage()} isDisabled={found.isFetchingNextPage || !isOnline}>
            {t("admin.more")}
          </Button>
        </div>
      ) : null}
      {open?.deed === "rotate" ? <RotateHub hub={open.hub} onClose={close} /> : null}
      {open?.deed === "remove" ? (
        <RemoveHub
          hub={open.hub}
          onClose={close}
          onRemoved={() => {
            setSaid(t("admin.hubs.removed", { hub: open.hub.name }));
            close();
          }}
        />
      ) : null}
    </div>
  );
}

function HubRow({ hub, isOnline, onOpen }: { hub: Hub; isOnline: boolean; onOpen: (deed: "rotate" | "remove") => void }) {
  const t = useText();
  const { hub_id: id, name, state, last_seen: seen, firmware } = hub;
  const isThere = state === "online";
  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <div>
          <h2 className={styles.name}>{name}</h2>
          <p className={`${styles.muted} number`}>{id}</p>
        </div>
        <Badge icon={isThere ? "check" : "slash"} tint={isThere ? "ok" : "neutral"}>
          {t(isThere ? "admin.hubs.online" : "admin.hubs.offline")}
        </Badge>
      </div>
      <p className={styles.muted}>{seen ? <Say id="admin.hubs.seen" values={{ age: <Age key="age" at={seen} /> }} /> : t("admin.hubs.never")}</p>
      {firmware ? <p className={styles.muted}>{t("admin.hubs.firmware", { version: firmware })}</p> : null}
      <div className={styles.buttons}>
        <Button onPress={() => onOpen("rotate")} isDisabled={!isOnline} aria-label={t("admin.hubs.rotateOf", { hub: name })}>
          {t("admin.hubs.rotate")}
        </Button>
        <Button onPress={() => onOpen("remove")} isDisabled={!isOnline} aria-label={t("admin.hubs.removeOf", { hub: name })}>
          {t("admin.hubs.remove")}
        </Button>
      </div>
    </li>
  );
}
