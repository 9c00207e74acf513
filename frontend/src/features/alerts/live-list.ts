import type { AlertFilter } from '@/api-client/get-alerts';
import type { Alert } from '@/api-client/types';
import { satisfies } from '@/lib/matchers';
import { parseTime } from '@/lib/time-range';

/** Whether the server would list an alert under a filter. */
export function fits(alert: Alert, filter: AlertFilter): boolean {
  const began = parseTime(alert.starts_at);
  const text = `${alert.title} ${Object.entries(alert.labels).flat().join(' ')}`.toLowerCase();
  const among = <T,>(list: T[] | undefined, one: T) => !list?.length || list.includes(one);
  const same = (wanted: string | undefined, own: string | null | undefined) => wanted === undefined || wanted === (own ?? '');
  return (
    among(filter.status, alert.status) &&
    among(filter.severity, alert.severity) &&
    (filter.kind === undefined || filter.kind === alert.kind) &&
    same(filter.rule, alert.rule) &&
    same(filter.failure_type, alert.failure_type) &&
    same(filter.incident, alert.incident) &&
    same(filter.assignee, alert.assignee) &&
    (filter.firing === undefined || filter.firing === alert.firing) &&
    (filter.from === undefined || began >= parseTime(filter.from)) &&
    (filter.to === undefined || began < parseTime(filter.to)) &&
    satisfies(alert.labels, filter.label ?? []) &&
    (filter.q ?? '').toLowerCase().split(/\s+/).every((word) => text.includes(word))
  );
}

/**
 * The list as it is now: what was read, newest first, and over it what the stream has told since.
 * What lies below the part that was read (`isComplete` is false) comes with the next page.
 */
export function liveList(read: readonly Alert[], changed: ReadonlyMap<string, Alert>, filter: AlertFilter, isComplete: boolean): Alert[] {
  const all = new Map(read.map((alert) => [alert.id, alert]));
  const last = read.at(-1)?.id ?? '';
  for (const alert of changed.values()) {
    const known = all.get(alert.id);
    if (known && known.seq > alert.seq) continue;
    if (!fits(alert, filter)) all.delete(alert.id);
    else if (known || isComplete || alert.id > last) all.set(alert.id, alert);
  }
  // The ids grow with time.
  return [...all.values()].sort((a, b) => (a.id < b.id ? 1 : -1));
}
