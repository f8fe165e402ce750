// English for the warning before a session ends.

export const enSession = {
  "session.warn.title": "Are you still there?",
  "session.warn.text": "To protect your readings this page closes in {minutes, plural, one {# minute} other {# minutes}}.",
  "session.stay": "Stay signed in",
} as const;
