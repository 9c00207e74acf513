import { useState } from 'react';

import { useAnomalies } from '@/api-client/get-anomalies';
import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useMetricRange } from '../use-metric-range';

import { AnomalyItem } from './anomaly-item';
import { OnlyNow } from './only-now';

const STEP = 100;
const LIMIT_MAX = 1000;
const DETECTORS = ['jump', 'z_score', 'iqr', 'seasonal', 'level_shift', 'variability', 'burst', 'flat_line', 'missing', 'down', 'shape', 'multivariate', 'new_template', 'vanished_template'];
const CHOICES = [{ value: '', label: 'Any detector' }, ...DETECTORS.map((value) => ({ value, label: value.replaceAll('_', ' ') }))];

/** What was unusual in the chosen time, the newest first. */
export function AnomaliesTab() {
  const [view, setView] = useView();
  const { fromMs, toMs, isOpen, asOf } = useMetricRange();
  const [limit, setLimit] = useState(STEP);
  const query = { q: view.q, detector: view.detector, open: view.only === 'now' || undefined, from: new Date(fromMs).toISOString(), to: isOpen ? undefined : new Date(toMs).toISOString(), limit, asOf };
  const { data, error, isPending, isPlaceholderData, refetch } = useAnomalies(query);
  const items = data?.items ?? [];
  const isNarrowed = Boolean(view.q ?? view.detector ?? view.only);
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <FilterField label="Filter by name and labels" className="w-56" />
        <Select label="Detector" value={view.detector ?? ''} choices={CHOICES} onChange={(detector) => setView({ detector })} />
        <OnlyNow label="Those that last" />
        <span className="ml-auto text-xs text-faint">{data && `${plural(items.length, 'anomaly', 'anomalies')}${data.next_cursor ? ' and more' : ''}`}</span>
      </div>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={10} label="Loading the anomalies" />}
      {data && !error && items.length === 0 && (
        <Empty icon="check" title={isNarrowed ? 'No anomaly fits' : 'Nothing unusual'}>
          {isNarrowed ? 'None in this time range fits all of these filters.' : 'No series left what was expected of it in this time range.'}
        </Empty>
      )}
      {!error && (
        <ul aria-label="Anomalies" className={`divide-y divide-line ${isPlaceholderData ? 'opacity-60' : ''}`}>
          {items.map((anomaly) => (
            <AnomalyItem key={anomaly.id} anomaly={anomaly} withSeries />
          ))}
        </ul>
      )}
      {data?.next_cursor && limit < LIMIT_MAX && !error && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isPlaceholderData} onClick={() => setLimit(Math.min(LIMIT_MAX, limit + STEP * 3))}>
            Show more
          </Button>
        </p>
      )}
    </Panel>
  );
}
