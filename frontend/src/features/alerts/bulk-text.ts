import type { BulkAnswer } from '@/api-client/types';
import { plural } from '@/lib/format';

import type { Wish } from './api/act-on-alerts';

const DONE: Record<Wish['action'], string> = {
  acknowledge: 'acknowledged',
  start: 'in progress',
  assign: 'assigned',
  snooze: 'snoozed',
  escalate: 'set',
  resolve: 'resolved',
  comment: 'commented on',
};

function doneText({ action, assignee, severity, until }: Wish): string {
  if (action === 'assign') return assignee ? `assigned to ${assignee}` : 'assigned to nobody';
  if (action === 'escalate') return `set to ${severity ?? ''}`;
  if (action === 'snooze' && until === null) return 'no longer snoozed';
  return DONE[action];
}

export interface Outcome {
  text: string;
  /** Those that it could not be done for, and why. */
  refused: { id: string; why: string }[];
}

/** What came of an action on one alert or many. */
export function outcomeOf(wish: Wish, { done, items }: BulkAnswer): Outcome {
  const refused = items.filter(({ result }) => result !== 'done').map(({ id, result, detail }) => ({ id, why: detail ?? result }));
  const rest = refused.length > 0 ? `; ${refused.length} refused` : '';
  const text = done === 0 && refused.length > 0 ? `${plural(refused.length, 'alert')} refused` : `${plural(done, 'alert')} ${doneText(wish)}${rest}`;
  return { text, refused };
}
