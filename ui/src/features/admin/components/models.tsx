// The catalogue: found by words, added to, changed.
import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useIntl } from "react-intl";
import { Button } from "~/components/ui/button";
import { Field } from "~/components/ui/field";
import { Icon } from "~/components/ui/icon";
import { Loading, Skeleton } from "~/components/ui/skeleton";
import { ListError } from "~/features/devices/components/device-list";
import type { DeviceModel } from "~/lib/api-types";
import { useKindList } from "~/lib/kind-words";
import { useText, useWord } from "~/lib/text";
import { modelsQuery } from "../api/models";
import styles from "./admin.module.css";
import { ModelDialog } from "./model-dialog";

interface ModelsProps {
  words: string;
  onWords: (words: string) => void;
  isOnline: boolean;
}

export default function Models({ words, onWords, isOnline }: ModelsProps) {
  const t = useText();
  const wanted = useDeferredValue(words.trim());
  const found = useInfiniteQuery(modelsQuery(wanted));
  const [open, setOpen] = useState<DeviceModel | "new" | null>(null);
  const [said, setSaid] = useState("");
  const models = found.data?.pages.flatMap((page) => page.items);
  return (
    <div className={styles.part}>
      <Field label={t("admin.models.find")} value={words} onChange={onWords} type="search" autoCapitalize="none" />
      <div className={styles.buttons}>
        <Button look="primary" onPress={() => setOpen("new")} isDisabled={!isOnline}>
          <Icon name="plus" />
          {t("admin.models.add")}
        </Button>
      </div>
      <p role="status" className={styles.said}>{said}</p>
      {!models && found.error ? <ListError of="admin" error={found.error} onRetry={() => void found.refetch()} isRetrying={found.isFetching} /> : null}
      {!models && !found.error ? (
        <Loading>
          <Skeleton height={140} />
          <Skeleton height={140} />
        </Loading>
      ) : null}
      {models?.length === 0 ? (
        <>
          <p>{t("admin.models.none")}</p>
          <div className={styles.buttons}>
            <Button onPress={() => onWords("")}>{t("admin.models.none.clear")}</Button>
          </div>
        </>
      ) : null}
      <ul className={styles.list}>
        {models?.map((model) => (
          <ModelRow key={model.id} model={model} onChange={() => setOpen(model)} isOnline={isOnline} />
        ))}
      </ul>
      {found.hasNextPage ? (
        <div className={styles.buttons}>
          <Button onPress={() => void found.fetchNextPage()} isDisabled={found.isFetchingNextPage || !isOnline}>
            {t("admin.more")}
          </Button>
        </div>
      ) : null}
      {open ? (
        <ModelDialog
          model={open === "new" ? null : open}
          onClose={() => setOpen(null)}
          onSaved={({ name }) => {
            setSaid(t(open === "new" ? "admin.models.added" : "admin.models.changed", { name }));
            setOpen(null);
          }}
        />
      ) : null}
    </div>
  );
}

function ModelRow({ model, onChange, isOnline }: { model: DeviceModel; onChange: () => void; isOnline: boolean }) {
  const t = useText();
  const word = useWord();
  const intl = useIntl();
  const kindList = useKindList();
  const { name, vendor_name: maker, device_type: type, capabilities, pairing_methods: ways } = model;
  return (
    <li className={styles.row}>
      <div className={styles.head}>
        <div>
          <h2 className={styles.name}>{name}</h2>
          <p className={styles.muted}>{t("admin.models.by", { maker, type: word("type", type) })}</p>
        </div>
        <Button onPress={onChange} isDisabled={!isOnline} aria-label={t("admin.models.editOf", { name })}>
          <Icon name="pencil" />
          {t("admin.models.edit")}
        </Button>
      </div>
      <dl className={styles.facts}>
        <dt>{t("admin.models.kinds")}</dt>
        <dd>{kindList(capabilities)}</dd>
        <dt>{t("admin.models.ways")}</dt>
        <dd>{intl.formatList(ways.map((way) => t(`admin.way.${way}`)))}</dd>
      </dl>
    </li>
  );
}
