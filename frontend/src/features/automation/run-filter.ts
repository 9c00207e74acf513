import type { RunFilter } from '@/api-client/get-runs';
import { words } from '@/lib/alert-words';
import { ACTIVE_STATES, FINAL_STATES, isRunState, RUN_STATES } from '@/lib/automation-words';
import type { TimeRange } from '@/lib/time-range';
import type { View } from '@/lib/view';

export const STATE_CHOICES = [{ value: '', label: 'Any state' }, { value: 'active', label: 'Going on' }, { value: 'ended', label: 'Ended' }, ...RUN_STATES.map((value) => ({ value: value as string, label: words(value) }))];

/** Which runs the URL asks for. */
export function runFilterOf(view: View, { from, to }: TimeRange): RunFilter {
  return { state: statesOf(view.status), rule: view.rule, provider: view.provider, alert: view.alert, from, to };
}

function statesOf(text: string | undefined): RunFilter['state'] {
  if (text === 'active') return ACTIVE_STATES;
  if (text === 'ended') return FINAL_STATES;
  return text !== undefined && isRunState(text) ? [text] : undefined;
}

/** Whether anything narrows the list. */
export const narrowsRuns = (view: View) => [view.status, view.rule, view.provider, view.alert, view.from, view.to].some((part) => part !== undefined);

/** The view without what narrows the list. */
export const ALL_RUNS: Partial<View> = { status: undefined, rule: undefined, provider: undefined, alert: undefined, from: undefined, to: undefined };
