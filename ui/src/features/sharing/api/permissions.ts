// What a patient lets others see: granted, changed, taken back. Each waits for the server.
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, ask } from "~/lib/api";
import type { Permission, PermissionGrant, PermissionPatch } from "~/lib/api-types";
import { useKeyOf } from "~/lib/idempotency";
import { keys } from "~/lib/keys";

export function useFindGrantee() {
  return useMutation({
    mutationFn: (grantee: string) => ask(api.POST("/api/v1/permissions/grantees", { body: { grantee } })),
  });
}

function useKeepPermissions(patientId: string) {
  const client = useQueryClient();
  return (change: (all: Permission[]) => Permission[]) => {
    client.setQueryData<Permission[]>(keys.permissions(patientId), (all) => all && change(all));
    void client.invalidateQueries({ queryKey: keys.permissions(patientId) });
  };
}

export function useGrant(patientId: string) {
  const keep = useKeepPermissions(patientId);
  const keyOf = useKeyOf();
  return useMutation({
    mutationFn: (body: PermissionGrant) => ask(api.POST("/api/v1/permissions", { headers: keyOf(body), body })),
    onSuccess: (given) => keep((all) => [given, ...all]),
  });
}

export function useChangeGrant(patientId: string) {
  const keep = useKeepPermissions(patientId);
  return useMutation({
    mutationFn: ({ id, ...body }: PermissionPatch & { id: string }) =>
      ask(api.PATCH("/api/v1/permissions/{permission_id}", { params: { path: { permission_id: id } }, body })),
    onSuccess: (changed) => keep((all) => all.map((one) => (one.id === changed.id ? changed : one))),
  });
}

export function useTakeBack(patientId: string) {
  const keep = useKeepPermissions(patientId);
  return useMutation({
    mutationFn: ({ id }: Permission) => ask(api.DELETE("/api/v1/permissions/{permission_id}", { params: { path: { permission_id: id } } })),
    onSuccess: (_nothing, { id }) => keep((all) => all.filter((one) => one.id !== id)),
  });
}
