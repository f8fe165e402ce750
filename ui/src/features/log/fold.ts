// Rows become what a person can read: days, in each the people, for each what they did. What somebody did again and
// again within a while is one visit, and what devices and Device Connect did on a day is one line. Pure.
import type { AuditEvent } from "~/lib/api-types";
import { dayOf } from "~/lib/days";

/** A longer silence between two same acts makes a new visit. */
const SAME_VISIT_MS = 15 * 60_000;
const SYSTEM = new Set(["hub", "device", "vendor", "system"]);

export interface Visit {
  /** The newest row of it. */
  event: AuditEvent;
  count: number;
  from: number;
  to: number;
}

export interface PersonDay {
  id: string;
  name: string;
  role: string;
  isSystem: boolean;
  visits: Visit[];
}

export interface Day {
  day: string;
  people: PersonDay[];
  /** How many rows it was made of. */
  rows: number;
}

export const isSystem = (role: string) => SYSTEM.has(role);

function sameAct(event: AuditEvent): string {
  const { action, outcome, object_type, device_connection_id, data_kinds, other, reason } = event;
  return JSON.stringify([action, outcome, object_type, device_connection_id, [...data_kinds].sort(), other, reason]);
}

interface Open {
  person: PersonDay;
  acts: Map<string, Visit>;
}

/**
 * `events` newest first, as they come. `before`: what was told of the first of them; only the last day of that can have
 * grown, so the days before it stay as they are.
 */
export function daysOf(events: readonly AuditEvent[], zone: string, before: readonly Day[] = []): Day[] {
  const days = before.slice(0, -1);
  const told = days.reduce((sum, one) => sum + one.rows, 0);
  let today: Day | undefined;
  let open = new Map<string, Open>();
  for (const event of events.slice(told)) {
    const at = Date.parse(event.at);
    const day = dayOf(at, zone);
    if (today?.day !== day) {
      today = { day, people: [], rows: 0 };
      days.push(today);
      open = new Map();
    }
    today.rows += 1;
    add(today, open, event, at);
  }
  return days;
}

function add(today: Day, open: Map<string, Open>, event: AuditEvent, at: number) {
  const { id, name, role } = event.actor;
  const known = open.get(id) ?? { person: { id, name, role, isSystem: isSystem(role), visits: [] }, acts: new Map<string, Visit>() };
  if (!open.has(id)) {
    open.set(id, known);
    today.people.push(known.person);
  }
  const act = sameAct(event);
  const visit = known.acts.get(act);
  if (visit && (known.person.isSystem || visit.from - at <= SAME_VISIT_MS)) {
    visit.count += 1;
    visit.from = at;
    return;
  }
  const fresh = { event, count: 1, from: at, to: at };
  known.acts.set(act, fresh);
  known.person.visits.push(fresh);
}
