// English for the list of devices of somebody who has none yet.

export const enNoDevices = {
  "devices.empty.title": "No devices yet",
  "devices.empty.text": "Have your device and two minutes? Add your first one.",
  "devices.empty.need": "What you need",
  "devices.empty.need.device": "your device, near you",
  "devices.empty.need.batteries": "fresh batteries in it",
  "devices.empty.need.minutes": "about two minutes",
  "devices.empty.action": "Add your first device",
} as const;
