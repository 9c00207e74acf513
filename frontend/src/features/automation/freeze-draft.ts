import type { FreezeWish } from '@/api-client/automation-types';
import { formatTime, type Zone } from '@/lib/format';
import { parseMoment, parseTime } from '@/lib/time-range';

/** A freeze as it stands in the fields of a form. */
export interface FreezeDraft {
  reason: string;
  from: string;
  to: string;
  recurrence: '' | 'daily' | 'weekly';
}

export const NEW_FREEZE: FreezeDraft = { reason: '', from: 'now', to: 'now+4h', recurrence: '' };
export const REPEATS = { daily: 'every day', weekly: 'every week' } as const;
const PERIOD_MS = { daily: 86_400_000, weekly: 604_800_000 } as const;

/** The freeze that a draft describes, or what is wrong with it. */
export function freezeOf({ reason, from, to, recurrence }: FreezeDraft, now: number): FreezeWish | string {
  const [starts, ends] = [parseMoment(from, now), parseMoment(to, now)];
  if (reason.trim() === '') return 'Say why nothing may begin.';
  if (starts === undefined || ends === undefined) return 'Write times such as now+2h or 2026-01-31 14:00.';
  if (ends <= starts) return 'The end must lie after the start.';
  if (recurrence && ends - starts > PERIOD_MS[recurrence]) return `It would last longer than until it comes again (${REPEATS[recurrence]}).`;
  if (!recurrence && ends <= now) return 'It is over already.';
  return { reason: reason.trim(), starts_at: new Date(starts).toISOString(), ends_at: new Date(ends).toISOString(), recurrence: recurrence || null };
}

/** When the freeze that holds now is over, in ms; none: it does not hold now. */
export function freezeEnd({ starts_at, ends_at, recurrence }: FreezeWish, now: number): number | undefined {
  const [starts, ends] = [parseTime(starts_at), parseTime(ends_at)];
  if (now < starts) return undefined;
  const since = recurrence ? (now - starts) % PERIOD_MS[recurrence] : now - starts;
  return since < ends - starts ? now - since + (ends - starts) : undefined;
}

/** Whether a freeze will never hold again. */
export const isOver = (freeze: FreezeWish, now: number) => !freeze.recurrence && parseTime(freeze.ends_at) <= now;

export function freezeText({ starts_at, ends_at, recurrence }: FreezeWish, zone: Zone): string {
  const show = (time: string) => formatTime(time, zone, false).slice(0, 16);
  return `${show(starts_at)} to ${show(ends_at)}${recurrence ? `, ${REPEATS[recurrence]}` : ''}`;
}
