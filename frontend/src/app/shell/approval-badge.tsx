import { useWaitingRuns } from '@/api-client/get-waiting-runs';
import { formatCompact, plural } from '@/lib/format';

/** How many proposals wait for a person. */
export function ApprovalBadge() {
  const { data } = useWaitingRuns();
  const count = data?.items.length ?? 0;
  if (count === 0) return null;
  const more = data?.next_cursor ? '+' : '';
  return (
    <span title={`${plural(count, 'run')}${more} ${count === 1 ? 'waits' : 'wait'} for approval`} className="ml-auto rounded-full bg-accent px-1.5 text-2xs font-semibold text-on-accent tabular-nums">
      {formatCompact(count)}
      {more}
      <span className="sr-only"> waiting for approval</span>
    </span>
  );
}
