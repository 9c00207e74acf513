import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import type { Anomaly, List } from '@/api-client/types';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';

import { AnomalyItem } from './anomaly-item';

/** What was unusual about a series in the time that is shown, and a way to say what was missed. */
export function SeriesAnomalies({ found: { data, error, isPending, refetch }, actions }: { found: UseQueryResult<List<Anomaly>>; actions: ReactNode }) {
  const items = data?.items ?? [];
  return (
    <section aria-label="Anomalies of this series" className="border-t border-line">
      <header className="flex min-h-10 flex-wrap items-center justify-between gap-2 px-4 py-1.5">
        <h3 className="text-sm font-semibold">{items.length > 0 ? plural(items.length, 'anomaly', 'anomalies') : 'No anomalies in this time'}</h3>
        {actions}
      </header>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={2} label="Loading the anomalies" />}
      {items.length > 0 && (
        <ul tabIndex={0} aria-label="Anomalies of this series" className="max-h-80 divide-y divide-line overflow-y-auto border-t border-line focus-visible:-outline-offset-2">
          {items.map((anomaly) => (
            <AnomalyItem key={anomaly.id} anomaly={anomaly} />
          ))}
        </ul>
      )}
    </section>
  );
}
