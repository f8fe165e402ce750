// Another way of connecting the same device, when this one is not possible: the best that is left.
import { Button, LinkButton } from "~/components/ui/button";
import type { Connection, Me } from "~/lib/api-types";
import { useText } from "~/lib/text";
import { useCreateConnection } from "../api/pairing";
import type { Way } from "../wizard";
import type { StepProps } from "./step-frame";

/** `way`: the next best one, none when there is no other. */
export function useNextBest(ways: readonly Way[], me: Me, connection: Connection, onEvent: StepProps["onEvent"]) {
  const create = useCreateConnection(me, connection);
  const way = ways.find((one) => one !== connection.pairing_method);

  const choose = (method: Way) => {
    onEvent({ type: "choseMethod", method });
    if (method === "hub") return;
    create.mutate(
      { device_model_id: connection.device_model_id, pairing_method: method },
      { onSuccess: (made) => onEvent({ type: "created", connection: made.id }) },
    );
  };
  return { way, choose, isPending: create.isPending, error: create.error };
}

export function NextBestButton({ best, look = "primary" }: { best: ReturnType<typeof useNextBest>; look?: "primary" | "secondary" }) {
  const t = useText();
  const { way } = best;
  return way ? (
    <Button look={look} onPress={() => best.choose(way)} isDisabled={best.isPending}>
      {t("pair.vendor.instead", { way: t(`method.${way}`) })}
    </Button>
  ) : (
    <LinkButton to="/devices">{t("app.notFound.action")}</LinkButton>
  );
}
