// The devices that others share with the reader: under each person's name, with times of that person's day.
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { LiveMark } from "~/components/ui/live-mark";
import { Notice } from "~/components/ui/notice";
import { Page } from "~/components/ui/page";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { DeviceCard } from "~/features/devices/components/device-card";
import { ListError } from "~/features/devices/components/device-list";
import { byNeed } from "~/features/devices/order";
import type { Connection, Permission } from "~/lib/api-types";
import { useNow } from "~/lib/clock";
import { connectionsQuery } from "~/lib/connections";
import { useKindList } from "~/lib/kind-words";
import { useLivePatients } from "~/lib/live";
import { useMe, ZoneContext } from "~/lib/me";
import { enShared } from "~/lib/messages/en-shared";
import { ApiProblem } from "~/lib/problem";
import { narrowed, receivedQuery, sharersOf, type Sharer } from "~/lib/received";
import { addMessages, useText } from "~/lib/text";
import { StoppedNotices } from "./shared-stopped";
import styles from "./shared.module.css";

addMessages(enShared, "shared");

export default function SharedDevices() {
  const t = useText();
  const me = useMe();
  // What others give comes without a frame: coming back to the page looks again.
  const devices = useQuery({ ...connectionsQuery(me), refetchOnWindowFocus: "always" });
  const received = useQuery({ ...receivedQuery(me), refetchOnWindowFocus: "always" });
  const error = devices.error ?? received.error;
  const isThere = devices.data && received.data;
  useLivePatients(received.data?.map((one) => one.patient_id) ?? []);
  return (
    <Page title={t("devices.titleOther")} beside={<LiveMark />}>
      <StoppedNotices />
      {isThere && devices.data.length > 0 ? <Link to="/health">{t("shared.health")}</Link> : null}
      {isThere ? <Shared devices={devices.data} received={received.data} /> : null}
      {!isThere && error ? (
        <Refused
          error={error}
          isRetrying={devices.isFetching || received.isFetching}
          onRetry={() => {
            void devices.refetch();
            void received.refetch();
          }}
        />
      ) : null}
      {!isThere && !error ? (
        <Loading>
          <Skeleton height={196} />
          <Skeleton height={196} />
        </Loading>
      ) : null}
    </Page>
  );
}

function Refused(props: { error: unknown; onRetry: () => void; isRetrying: boolean }) {
  const t = useText();
  const { error } = props;
  if (!(error instanceof ApiProblem && (error.status === 403 || error.status === 404))) return <ListError {...props} />;
  return (
    <Notice title={t("devices.denied.title")} icon="lock">
      <p>{t("devices.denied.text")}</p>
    </Notice>
  );
}

function Shared({ devices, received }: { devices: readonly Connection[]; received: readonly Permission[] }) {
  const t = useText();
  const sharers = sharersOf(received, useNow());
  if (sharers.length === 0) {
    return (
      <Notice title={t("devices.shared.empty.title")} icon="lock">
        <p>{t("devices.shared.empty.text")}</p>
      </Notice>
    );
  }
  return (
    <>
      {sharers.map((one) => (
        <Of key={one.id} sharer={one} devices={devices.filter(({ patient_id }) => patient_id === one.id)} />
      ))}
    </>
  );
}

function Of({ sharer: { id, name, kinds, timezone }, devices }: { sharer: Sharer; devices: readonly Connection[] }) {
  const t = useText();
  const kindList = useKindList();
  const { timezone: own } = useMe();
  return (
    <ZoneContext value={timezone}>
      <section className={styles.person} aria-labelledby={id}>
        <div>
          <h2 id={id} className={styles.name}>
            {name}
          </h2>
          <p className={styles.muted}>{t("shared.kinds", { name, kinds: kindList(kinds) })}</p>
          {timezone && timezone !== own ? <p className={styles.muted}>{t("shared.zone", { name, zone: timezone.replaceAll("_", " ") })}</p> : null}
        </div>
        {devices.length === 0 ? <p>{t("shared.noDevices", { name })}</p> : null}
        <ul className={styles.list}>
          {[...devices].sort(byNeed).map((connection) => (
            <DeviceCard key={connection.id} connection={narrowed(connection, kinds)} mayPair={false} />
          ))}
        </ul>
      </section>
    </ZoneContext>
  );
}
