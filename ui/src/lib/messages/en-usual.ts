// English for a sensor's usual day.

export const enUsual = {
  "usual.title": "Your usual day",
  "usual.summary": "Over a usual day the middle of your values goes from {low} {unit} at about {lowAt} to {high} {unit} at about {highAt}.",
  "usual.days": "Your usual day shows after {wanted} days with values: {days} of {wanted} days so far.",
  "usual.captured": "Your sensor told values for {captured} of this time. Your usual day shows from {wanted} on.",
  "usual.legend.middle": "Line: half of your values are below, half above",
  "usual.legend.half": "Darker: the middle half of your values",
  "usual.legend.most": "Lighter: 90 of 100 values",
  "usual.mean": "Average",
  "usual.gmi": "Glucose management indicator",
  "usual.cv": "How much it varies",
  "usual.goals": "Usual goals with diabetes: more than 70% in range, less than 4% under {low}, less than 1% under {veryLow}, less than 25% over {high} and less than 5% over {veryHigh} {unit}; varies by 36% at most. Older people and people who are pregnant have others. Ask your clinic for yours.",
  "usual.table": "Your usual day as a table",
  "usual.caption": "For each hour: the value in {unit} that so many of your values were below",
  "usual.hour": "From",
  "usual.below": "{share} below",
  "usual.error": "Your usual day can’t be shown right now.",
} as const;
