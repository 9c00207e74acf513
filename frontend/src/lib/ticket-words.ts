/** The words for tickets and what is decided about them, as the API has them. */
export const TICKET_STATUSES = ['open', 'resolved'] as const;
export type TicketStatus = (typeof TICKET_STATUSES)[number];

export const TRACKERS = ['built_in', 'jira', 'servicenow', 'github'] as const;
export type Tracker = (typeof TRACKERS)[number];

export const DECISION_ACTIONS = ['create', 'update', 'reopen', 'resolve', 'skip', 'hold'] as const;
export type DecisionAction = (typeof DECISION_ACTIONS)[number];

/** What something came to that changed a ticket. */
export const DONE_ACTIONS: DecisionAction[] = ['create', 'update', 'reopen', 'resolve'];

export type TaskKind = 'create' | 'comment' | 'reopen' | 'resolve';
export type TaskState = 'pending' | 'done' | 'skipped' | 'dead';

export const isDecisionAction = (text: string): text is DecisionAction => (DECISION_ACTIONS as readonly string[]).includes(text);

const TRACKER_NAMES: Record<Tracker, string> = { built_in: 'Tocsin', jira: 'Jira', servicenow: 'ServiceNow', github: 'GitHub' };
export const trackerName = (tracker: Tracker) => TRACKER_NAMES[tracker];

/** A reason as the server gives it, as a sentence. */
export function sentence(reason: string): string {
  const text = reason.trim();
  if (text === '') return text;
  // A key such as `T-3` or a path stays as it is; only a plain word is capitalised.
  const isWord = /^\p{L}[\p{L}'’-]*[,:;.]?(?:\s|$)/u.test(text);
  const first = isWord ? text.charAt(0).toUpperCase() + text.slice(1) : text;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** Above 1 no alert is sure enough. */
export const isNever = (threshold: number) => threshold > 1;

export const formatConfidence = (value: number | null | undefined) => (value === null || value === undefined ? '–' : value.toFixed(2));
