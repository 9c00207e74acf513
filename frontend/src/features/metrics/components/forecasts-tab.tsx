import { usePredictions } from '@/api-client/get-predictions';
import { Panel } from '@/components/panel';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Th } from '@/components/ui/table';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { OnlyNow } from './only-now';
import { PredictionRow } from './prediction-row';

const LIMIT = 1000;

/** When limits will be reached: those that are raised first, the silent ones with their reason. */
export function ForecastsTab() {
  const [view] = useView();
  const { data, error, isPending, refetch } = usePredictions({ raised: view.only === 'now' || undefined, limit: LIMIT });
  const items = data?.items ?? [];
  const raised = items.filter(({ is_raised }) => is_raised).length;
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <OnlyNow label="Raised ones" />
        <span className="ml-auto text-xs text-faint">{data && `${plural(items.length, 'prediction')}, ${raised} raised`}</span>
      </div>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={8} label="Loading the predictions" />}
      {data && !error && items.length === 0 && (
        <Empty icon="clock" title={view.only ? 'Nothing is about to be full' : 'No predictions yet'}>
          {view.only ? 'No limit is reached soon enough, and surely enough, to raise it.' : 'They are made every few minutes for what has a limit: file systems, inodes, memory, pools, quotas, certificates.'}
        </Empty>
      )}
      {!error && items.length > 0 && (
        <Table label="Predictions">
          <thead>
            <tr>
              <Th>What</Th>
              <Th right className="max-sm:hidden">
                Now
              </Th>
              <Th right className="max-sm:hidden">
                Limit
              </Th>
              <Th>Time to full</Th>
              <Th right>Probability</Th>
              <Th className="w-2/5">Why</Th>
              <Th className="relative">
                <span className="sr-only">Earlier predictions</span>
              </Th>
            </tr>
          </thead>
          <tbody>
            {items.map((prediction) => (
              <PredictionRow key={prediction.id} prediction={prediction} />
            ))}
          </tbody>
        </Table>
      )}
    </Panel>
  );
}
