// English for the help that is in the same place on every page.

export const enHelp = {
  "help.title": "Help",
  "help.add.title": "Adding a device",
  "help.add.text": "Choose “Add a device” on the Devices page. Have the device and fresh batteries at hand; it takes about two minutes.",
  "help.stopped.title": "A device stopped sending",
  "help.stopped.text": "Move it near your hub, check its batteries and take one measurement. Readings wait in the device or the hub and are sent later.",
  // needs-clinical-approval
  "help.urgent.title": "If you feel unwell",
  "help.urgent.text": "Device Connect is not watched around the clock. If you feel unwell call your emergency number.",
} as const;
