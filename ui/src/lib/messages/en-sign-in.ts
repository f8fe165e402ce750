// English for the front door.

export const enSignIn = {
  "signIn.title": "Your readings, from your devices, in one place",
  "signIn.text": "Connect a blood pressure cuff, a scale or another device at home. See each reading the moment it is taken, and decide who else may see it.",
  "signIn.action": "Sign in",
  "signIn.point.live": "Readings appear within a second",
  "signIn.point.consent": "Nothing is shared until you say yes",
  "signIn.point.log": "Every look at your data is written down",
} as const;
