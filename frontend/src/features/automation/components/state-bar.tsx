import type { RunDetails } from '@/api-client/automation-types';
import { words } from '@/lib/alert-words';
import { isFinal, type RunState } from '@/lib/automation-words';
import { formatSpan, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { stateTimes } from '../run-times';

const DOTS: Partial<Record<RunState, string>> = { succeeded: 'bg-ok', failed: 'bg-danger', rolled_back: 'bg-(--warn)', rolling_back: 'bg-(--warn)', awaiting_approval: 'bg-(--warn)' };

/** The states that a run went through from left to right, and how long each lasted. */
export function StateBar({ run, now }: { run: RunDetails; now: number }) {
  const [zone] = useZone();
  const times = stateTimes(run.events, now);
  if (times.length === 0) return null;
  return (
    <ol aria-label="States" className="mt-3 flex flex-wrap gap-y-3 border-t border-line pt-3">
      {times.map(({ state, since, secs }, index) => {
        const isLast = index === times.length - 1;
        return (
          <li key={index} aria-current={isLast ? 'step' : undefined} className="min-w-24 flex-1 pr-3 text-xs">
            <span aria-hidden="true" className="flex items-center">
              <span className={`size-2.5 shrink-0 rounded-full ${isLast ? (DOTS[state] ?? 'bg-accent') : 'bg-line-strong'} ${isLast && !isFinal(state) ? 'animate-pulse' : ''}`} />
              {!isLast && <span className="ml-1.5 h-px flex-1 bg-line-strong" />}
            </span>
            <span className={`mt-1 block ${isLast ? 'font-semibold text-ink' : 'text-soft'}`}>{words(state)}</span>
            <span className="block text-faint tabular-nums">
              <time dateTime={since}>{formatTime(since, zone, false).slice(11)}</time>
              {secs !== undefined && `, ${secs < 1 ? '<1 s' : formatSpan(secs)}`}
            </span>
          </li>
        );
      })}
    </ol>
  );
}
