import { useTicketStatus } from '@/api-client/get-ticket-status';
import type { TicketState } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatTime, formatTook } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { sentence, trackerName } from '@/lib/ticket-words';

/** Where new tickets go, and whether they get there. */
export function TrackerPanel() {
  const { data, error, isPending, isFetching, dataUpdatedAt, refetch } = useTicketStatus(true);
  const [zone] = useZone();
  return (
    <Panel
      title="Tracker"
      aside={
        <Button icon="refresh" disabled={isFetching} onClick={() => void refetch()}>
          Check
        </Button>
      }
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={3} label="Loading the state of the tracker" />}
      {data && !error && <Health tracker={data.tracker} at={formatTime(dataUpdatedAt, zone, false)} />}
    </Panel>
  );
}

function Health({ tracker, at }: { tracker: TicketState['tracker']; at: string }) {
  const isBuiltIn = tracker.kind === 'built_in';
  return (
    <div role="status" className={`space-y-1 border-l-4 px-4 py-3 text-sm ${tracker.is_healthy ? 'border-ok' : 'border-danger'}`}>
      <p className="flex flex-wrap items-baseline gap-x-2">
        <span className="font-semibold">{trackerName(tracker.kind)}</span>
        {!isBuiltIn && <span className="font-mono text-xs [overflow-wrap:anywhere]">{tracker.target}</span>}
        <strong className={`ml-auto font-medium ${tracker.is_healthy ? 'text-ok' : 'text-danger'}`}>{tracker.is_healthy ? 'takes tickets' : 'fails'}</strong>
      </p>
      <p className={`[overflow-wrap:anywhere] ${tracker.is_healthy ? 'text-soft' : 'text-danger'}`}>{sentence(tracker.detail)}</p>
      <p className="text-xs text-faint tabular-nums">
        asked at {at}
        {!isBuiltIn && `, it took ${formatTook(tracker.took_ms)}`}
      </p>
    </div>
  );
}
