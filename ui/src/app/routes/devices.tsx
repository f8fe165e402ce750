// Device Center: is everything working, and what do I do if not?
import { useQuery } from "@tanstack/react-query";
import { LinkButton } from "~/components/ui/button";
import { Icon } from "~/components/ui/icon";
import { LiveMark } from "~/components/ui/live-mark";
import { Page } from "~/components/ui/page";
import { DeviceList } from "~/features/devices/components/device-list";
import { needsSomebody } from "~/features/devices/order";
import type { Connection } from "~/lib/api-types";
import { connectionsQuery } from "~/lib/connections";
import { useLivePatients, useOnline } from "~/lib/live";
import { useMe } from "~/lib/me";
import { useText } from "~/lib/text";
import styles from "./devices.module.css";

export function DevicesPage() {
  const t = useText();
  const me = useMe();
  const list = useQuery(connectionsQuery(me));
  const isOwner = me.patient_id !== null;
  useLivePatients(me.patient_id ? [me.patient_id] : (list.data ?? []).map((one) => one.patient_id));

  return (
    <Page
      title={t(isOwner ? "devices.title" : "devices.titleOther")}
      under={list.data?.length ? <Summary devices={list.data} /> : null}
      beside={isOwner && list.data?.length ? <AddDevice /> : null}
    >
      <DeviceList
        devices={list.data}
        error={list.error}
        onRetry={() => void list.refetch()}
        isRetrying={list.isFetching}
        isOwner={isOwner}
      />
    </Page>
  );
}

function Summary({ devices }: { devices: Connection[] }) {
  const t = useText();
  const problems = devices.filter(needsSomebody).length;
  const working = devices.filter((one) => one.status === "connected").length;
  return (
    <p className={styles.summary}>
      {problems > 0 ? t("devices.summary.problems", { count: problems }) : null}
      {problems === 0 && working > 0 ? t("devices.summary.ok", { count: working }) : null}
      <LiveMark />
    </p>
  );
}

/** Always in reach: at the thumb on phones, beside the heading on wide screens. Off, with the reason, without a network. */
function AddDevice() {
  const t = useText();
  const isOnline = useOnline();
  return (
    <div className={styles.add}>
      {isOnline ? (
        <LinkButton look="primary" to="/pair/$step" params={{ step: "type" }}>
          <Icon name="plus" />
          {t("devices.add")}
        </LinkButton>
      ) : (
        <p className={styles.offline}>{t("devices.add.offline")}</p>
      )}
    </div>
  );
}
