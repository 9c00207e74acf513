import { lazy, Suspense, useMemo } from 'react';

import { useHistogram } from '@/api-client/get-histogram';
import { METRIC_SYNC, VALUE_AXIS_PX } from '@/components/chart/shared-frame';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { plural } from '@/lib/format';
import { carried, PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

import type { MetricRange } from '../use-metric-range';
import { useZoom } from '../use-zoom';

const SeverityHistogram = lazy(() => import('@/components/chart/severity-histogram'));
const HEIGHT_PX = 112;

interface Props {
  host?: string;
  range: MetricRange;
  /** What the chart above shows. */
  shown: { fromMs: number; toMs: number };
}

/** The lines of the same host over the same time as the chart above. */
export function LogsBelow({ host, range: { fromMs, toMs, asOf }, shown }: Props) {
  const [view] = useView();
  const zoom = useZoom();
  const filters = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString(), host: [host ?? ''], asOf };
  const { data, error, refetch } = useHistogram(filters, host !== undefined);
  const frame = useMemo(() => ({ sync: METRIC_SYNC, axisPx: VALUE_AXIS_PX, ...shown }), [shown]);
  if (host === undefined) return <p className="border-t border-line px-4 py-3 text-sm text-soft">This series names no host, so there are no lines to show below it.</p>;
  return (
    <section aria-label={`Lines of ${host}`} className="border-t border-line">
      <p className="flex justify-between gap-3 px-4 py-1.5 text-xs text-soft">
        <span className="min-w-0 truncate">{data ? `${plural(data.total, 'line')} of ${host}` : `Lines of ${host}`}</span>
        <ViewLink to={PAGES.search} view={{ ...carried(view), from: view.from ?? filters.from, host: [host] }} className="shrink-0 text-accent hover:underline">
          Search them
        </ViewLink>
      </p>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {data?.total === 0 && <p className="px-4 pb-3 text-sm text-faint">None in this time range.</p>}
      {data && data.total > 0 && (
        <Suspense fallback={<div style={{ height: HEIGHT_PX }} />}>
          <SeverityHistogram histogram={data} onZoom={zoom} height={HEIGHT_PX} frame={frame} />
        </Suspense>
      )}
      {!data && !error && <Skeleton className="mx-4 mb-3 h-20" />}
    </section>
  );
}
