import type { RunDetails } from '@/api-client/automation-types';
import { words } from '@/lib/alert-words';

/** What keeps a word from being sent about the plan that the reader has seen; none: nothing does. */
export function changeOf(seen: string, now: Pick<RunDetails, 'plan' | 'state'>): string | undefined {
  if (now.state !== 'awaiting_approval') return `It is ${words(now.state)} by now.`;
  if (now.plan !== seen) return 'The plan is another one than you have looked at.';
  return undefined;
}

/** The plan, or the run, is not what the reader has seen: nothing was sent. */
export class PlanChanged extends Error {}
