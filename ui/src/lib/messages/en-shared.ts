// English for what other people share with a reader.

export const enShared = {
  "devices.titleOther": "Devices shared with you",
  "devices.shared.empty.title": "No one has shared devices with you",
  "devices.shared.empty.text": "The person you care for can share their devices with you. Ask them to open Sharing in their Device Connect and to type the name you sign in with.",
  "devices.denied.title": "These devices are not shared with you",
  "devices.denied.text": "The person they belong to can share them with you. Ask them to choose you under Sharing in their Device Connect.",
  "shared.kinds": "{name} shares {kinds} with you.",
  "shared.notOthers": "{name} shares {kinds} with you, not {others}.",
  "shared.noDevices": "{name} has no device that sends this at the moment.",
  "shared.health": "How they all are, those in need first",
  "shared.whose": "Readings of {name}",
  "shared.zone": "Times are those of {name}, in {zone}.",
  "shared.stopped": "{name} stopped sharing {kinds} with you at {time}",
  "shared.stoppedAll": "{name} stopped sharing with you at {time}",
  "shared.stoppedSomebody": "This is not shared with you any more since {time}",
  "shared.stopped.text": "Nothing of it is left on this page. If you still need to see it, ask them to share it with you again.",
  "shared.to": "See the devices of {name}",
} as const;
