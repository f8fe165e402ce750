// Whether Bluetooth can be used here, asked again whenever the person comes back to the page: an adapter makes no event.
import { queryOptions } from "@tanstack/react-query";
import type { Room } from "~/lib/bluetooth/room";

export const whyNotQuery = (room: Room) =>
  queryOptions({
    queryKey: ["bluetooth"] as const,
    queryFn: () => room.whyNot(),
    staleTime: 0,
    gcTime: 0,
    refetchOnWindowFocus: "always",
    networkMode: "always",
  });
