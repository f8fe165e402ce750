// English for naming a device: where one is paired, and where one is renamed.

export const enName = {
  "devices.name.label": "Name",
  "devices.name.save": "Save the name",
  "devices.name.short": "Type a name of 1 to 64 letters.",
} as const;
