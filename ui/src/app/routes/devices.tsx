// Device Center: is everything working, and what do I do if not?
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
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
import { wordsAreHere } from "~/lib/words";
import styles from "./devices.module.css";

const PhoneLinks = /* @__PURE__ */ lazy(() => wordsAreHere(import("~/features/companion/components/phone-links")));
const SharedDevices = lazy(() => wordsAreHere(import("./shared-devices")));

export function DevicesPage() {
  const { patient_id: own } = useMe();
  return own ? (
    <OwnDevices own={own} />
  ) : (
    <Suspense>
      <SharedDevices />
    </Suspense>
  );
}

function OwnDevices({ own }: { own: string }) {
  const t = useText();
  const list = useQuery(connectionsQuery(useMe()));
  useLivePatients([own]);

  return (
    <Page
      title={t("devices.title")}
      under={list.data?.length ? <Summary devices={list.data} /> : null}
      beside={list.data?.length ? <AddDevice /> : null}
    >
      <DeviceList devices={list.data} error={list.error} onRetry={() => void list.refetch()} isRetrying={list.isFetching} />
      {import.meta.env.VITE_APP ? (
        <Suspense>
          <PhoneLinks />
        </Suspense>
      ) : null}
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
      <Link to="/health">{t("devices.health")}</Link>
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
