import { useState } from 'react';

import type { Run } from '@/api-client/automation-types';
import { useWaitingRuns } from '@/api-client/get-waiting-runs';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useShortcuts } from '@/lib/shortcuts';
import { parseTime } from '@/lib/time-range';
import { useMedia } from '@/lib/use-media';
import { useView } from '@/lib/use-view';

import { ApprovalView } from './approval-view';
import { StaleNote } from './stale-note';
import { WaitingList } from './waiting-list';

const endOf = ({ expires_at }: Run) => (expires_at ? parseTime(expires_at) : Infinity);

/** What waits for a person, that which expires first on top; one of it in full. */
export function ApprovalsTab() {
  const [view, setView] = useView();
  const { data, error, isPending, refetch } = useWaitingRuns(true);
  const isWide = useMedia('(min-width: 1024px)');
  const runs = [...(data?.items ?? [])].sort((a, b) => endOf(a) - endOf(b));
  // What is shown stays when the list changes: nobody shall say yes to what took its place.
  const [first, setFirst] = useState<string>();
  if (isWide && first === undefined && runs[0]) setFirst(runs[0].id);
  const shown = view.run ?? (isWide ? first : undefined);
  const next = runs.find(({ id }) => id !== shown);
  const step = (by: number) => {
    const at = runs.findIndex(({ id }) => id === shown);
    const other = runs[Math.max(0, Math.min(runs.length - 1, at + by))];
    if (other) setView({ run: other.id }, { replace: true });
  };
  useShortcuts({
    j: () => step(1),
    k: () => step(-1),
    Escape: () => (view.run ? setView({ run: undefined }) : false),
  });
  const list = (
    <Panel className="overflow-hidden">
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={6} label="Loading what waits" />}
      {data && runs.length === 0 && (
        <Empty icon="check" title="Nothing waits for you">
          What rules propose and a person must agree to appears here by itself.
        </Empty>
      )}
      {runs.length > 0 && <WaitingList runs={runs} current={shown} onOpen={(run) => setView({ run })} />}
    </Panel>
  );
  if (!shown) return list;
  return (
    <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[17rem_minmax(0,1fr)]">
      {isWide && list}
      <div className="min-w-0">
        {!isWide && (
          <Button look="quiet" className="mb-2" onClick={() => setView({ run: undefined })}>
            Back to what waits
          </Button>
        )}
        <ApprovalView key={shown} id={shown} onNext={next && (() => setView({ run: next.id }))} />
      </div>
    </div>
  );
}
