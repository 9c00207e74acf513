import type { TicketFilter } from '@/api-client/get-tickets';
import { DONE_ACTIONS, TICKET_STATUSES, TRACKERS, type DecisionAction } from '@/lib/ticket-words';
import type { TimeRange } from '@/lib/time-range';
import type { View } from '@/lib/view';

import type { DecisionFilter } from './api/get-decision-pages';

export const ALL = 'all';

/** Which tickets the URL asks for; a status that is not named means those that are open. */
export function ticketFilterOf(view: View): TicketFilter {
  const status = TICKET_STATUSES.find((one) => one === view.status);
  return {
    status: view.status === ALL ? undefined : (status ?? 'open'),
    severity: view.alert_severity,
    tracker: TRACKERS.find((one) => one === view.tracker),
    alert: view.alert,
    q: view.q?.trim() || undefined,
  };
}

export function decisionFilterOf(view: View, { from, to }: TimeRange): DecisionFilter {
  return { action: view.action, severity: view.alert_severity, alert: view.alert, q: view.q?.trim() || undefined, from, to };
}

/** Whether anything but the status narrows the list of tickets. */
export const narrowsTickets = (view: View) => [view.alert_severity, view.tracker, view.alert, view.q].some((part) => part !== undefined);

export const narrowsDecisions = (view: View) => [view.action, view.alert_severity, view.alert, view.q, view.from, view.to].some((part) => part !== undefined);

/** The view without what narrows either list. */
export const WIDE: Partial<View> = { status: undefined, tracker: undefined, action: undefined, alert_severity: undefined, alert: undefined, q: undefined, from: undefined, to: undefined };

const DONE = DONE_ACTIONS.join(',');

/** What can be chosen of decisions; a combination that is only in the URL stands for itself. */
export function actionChoices(chosen: readonly DecisionAction[] | undefined): { value: string; label: string }[] {
  const known = [
    { value: '', label: 'Any decision' },
    { value: DONE, label: 'Something was done' },
    { value: 'create', label: 'create' },
    { value: 'update', label: 'update' },
    { value: 'reopen', label: 'reopen' },
    { value: 'resolve', label: 'resolve' },
    { value: 'skip', label: 'skip' },
    { value: 'hold', label: 'hold' },
  ];
  const value = chosen?.join(',') ?? '';
  return known.some((choice) => choice.value === value) ? known : [...known, { value, label: (chosen ?? []).join(', ') }];
}
