// English for what an owner does to a device: another name, or an end.

export const enManage = {
  "dash.fix": "Something is wrong",
  "dash.rename": "Rename",
  "dash.rename.title": "Rename this device",
  "dash.remove": "Remove device",
  "dash.remove.title": "Remove {name}?",
  "dash.remove.text": "It stops sending at once. People you shared its readings with no longer see them, also the earlier ones. You still see them, and the record is kept as the law requires. You can pair the device again later.",
  "dash.remove.yes": "Remove it",
  "dash.remove.no": "Keep it",
  "dash.manage": "This device",
} as const;
