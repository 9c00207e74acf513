import type { RunDetails } from '@/api-client/automation-types';
import { words } from '@/lib/alert-words';
import { actorName, type RunState } from '@/lib/automation-words';
import { formatTime } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';
import { sentence } from '@/lib/ticket-words';

const DOTS: Partial<Record<RunState, string>> = { succeeded: 'bg-ok', failed: 'bg-danger', rolling_back: 'bg-(--warn)', rolled_back: 'bg-(--warn)', executing: 'bg-accent', verifying: 'bg-accent', approved: 'bg-accent' };

/** Everything that happened to a run, the newest first. */
export function RunTimeline({ run }: { run: RunDetails }) {
  const [zone] = useZone();
  return (
    <ol aria-label="Timeline" className="space-y-2.5 border-l border-line pl-4">
      {[...run.events].reverse().map(({ seq, at, actor, from, to, what, detail }) => (
        <li key={seq} className="relative text-sm">
          <span aria-hidden="true" className={`absolute top-1.5 -left-[1.3rem] size-2 rounded-full ${from === to ? 'bg-line-strong' : (DOTS[to] ?? 'bg-line-strong')}`} />
          <p className="[overflow-wrap:anywhere]">
            <span className="font-medium">{words(what)}</span>
            {from !== to && words(to) !== words(what) && <span className="text-soft">, {words(to)}</span>}
          </p>
          {detail && <p className="[overflow-wrap:anywhere] text-soft">{sentence(plain(detail))}</p>}
          <p className="flex flex-wrap gap-x-2 text-xs text-faint">
            <time dateTime={at} className="tabular-nums">
              {formatTime(at, zone)}
            </time>
            <span>{actor === 'system' ? 'by itself' : `by ${actorName(actor)}`}</span>
          </p>
        </li>
      ))}
    </ol>
  );
}
