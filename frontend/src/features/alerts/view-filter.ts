import type { AlertFilter } from '@/api-client/get-alerts';
import { ALERT_KINDS, ALERT_STATUSES, OPEN_STATUSES, type AlertStatus } from '@/lib/alert-words';
import { parseMatchers } from '@/lib/matchers';
import type { TimeRange } from '@/lib/time-range';
import type { View } from '@/lib/view';

/** Which alerts the URL asks for; a status that is not named means those that are not resolved. */
export function filterOf(view: View, { from, to }: TimeRange): AlertFilter {
  return {
    status: statusesOf(view.status),
    severity: view.alert_severity,
    kind: ALERT_KINDS.find((kind) => kind === view.kind),
    label: view.label === undefined ? undefined : parseMatchers(view.label),
    q: view.q?.trim() || undefined,
    rule: view.rule,
    failure_type: view.failure_type,
    incident: view.incident,
    assignee: view.assignee === '-' ? '' : view.assignee,
    firing: view.only === 'now' ? true : undefined,
    from,
    to,
  };
}

function statusesOf(text: string | undefined): AlertStatus[] | undefined {
  if (text === undefined) return OPEN_STATUSES;
  if (text === 'all') return undefined;
  const one = ALERT_STATUSES.find((status) => status === text);
  return one ? [one] : OPEN_STATUSES;
}

/** Whether anything but the status narrows the list. */
export const isNarrowed = (view: View) =>
  [view.alert_severity, view.kind, view.label, view.q, view.rule, view.failure_type, view.incident, view.assignee, view.only, view.from, view.to].some((part) => part !== undefined);

/** The view without what narrows the list. */
export const WIDE: Partial<View> = {
  alert_severity: undefined,
  kind: undefined,
  label: undefined,
  q: undefined,
  rule: undefined,
  failure_type: undefined,
  incident: undefined,
  assignee: undefined,
  only: undefined,
  from: undefined,
  to: undefined,
  status: undefined,
};
