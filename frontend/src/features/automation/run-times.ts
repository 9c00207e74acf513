import type { RunEvent } from '@/api-client/automation-types';
import { isFinal, type RunState } from '@/lib/automation-words';
import { formatSpan } from '@/lib/format';
import { parseTime } from '@/lib/time-range';

export interface StateTime {
  state: RunState;
  since: string;
  /** How long it lasted, or has lasted, in seconds; none: it is final. */
  secs?: number;
}

/** The states that a run went through, in order, and how long each lasted. */
export function stateTimes(events: readonly RunEvent[], now: number): StateTime[] {
  const entered = [...events].sort((a, b) => a.seq - b.seq).filter(({ from, to }) => from !== to);
  return entered.map(({ to, at }, index) => {
    const end = entered[index + 1]?.at;
    if (end === undefined && isFinal(to)) return { state: to, since: at };
    return { state: to, since: at, secs: Math.max(0, ((end === undefined ? now : parseTime(end)) - parseTime(at)) / 1000) };
  });
}

/** What a proposal has left: `12 min 3 s`, and whether that is little. */
export function expiryOf(expires_at: string | null | undefined, now: number): { text: string; isSoon: boolean; isOver: boolean } | undefined {
  if (!expires_at) return undefined;
  const secs = Math.ceil((parseTime(expires_at) - now) / 1000);
  return { text: secs <= 0 ? 'expired' : `expires in ${formatSpan(secs)}`, isSoon: secs < 600, isOver: secs <= 0 };
}

/** The share of runs that succeeded, in `[0, 1]`, of those that ended; none ended: none. */
export const successRate = ({ executed, succeeded }: { executed: number; succeeded: number }) => (executed === 0 ? undefined : succeeded / executed);
