import { lazy, Suspense, useCallback, useMemo } from 'react';

import { useHistogram } from '@/api-client/get-histogram';
import type { Histogram, SearchResult } from '@/api-client/types';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import type { LogFilters } from '@/lib/filters';
import { formatSpan } from '@/lib/format';
import type { Severity } from '@/lib/severity';
import { useView } from '@/lib/use-view';

import { matchedBy } from '../matched-by';

import { SeverityLegend } from './severity-legend';

const SeverityHistogram = lazy(() => import('@/components/chart/severity-histogram'));
const HEIGHT_PX = 112;

/** Lines over time; dragging zooms, the legend filters. */
export function HistogramPanel({ filters, head, failed }: { filters: LogFilters; head?: SearchResult; failed: boolean }) {
  const [view, setView] = useView();
  const counted = useMemo(() => matchedBy(filters, head), [filters, head]);
  const { data, isPlaceholderData } = useHistogram(counted ?? filters, counted !== undefined);
  const zoom = useCallback(
    (from: number, to: number) => setView({ from: new Date(from).toISOString(), to: new Date(to).toISOString() }),
    [setView],
  );
  const shown = useMemo(() => data && only(data, filters.severity), [data, filters.severity]);

  if (failed || (head && !counted) || data?.total === 0) return null;
  return (
    <div className={`px-3 pb-1 transition-opacity md:px-4 ${isPlaceholderData ? 'opacity-60' : ''}`}>
      <div className="flex min-h-7 flex-wrap items-center justify-between gap-x-3">
        {data ? <SeverityLegend histogram={data} /> : <Skeleton className="h-3 w-64" />}
        <p className="ml-auto flex items-center gap-2 text-xs text-faint">
          {data && <span className="max-lg:hidden">one bar is {formatSpan(data.interval_ms / 1000)} · drag to zoom</span>}
          {(view.from ?? view.to) && (
            <Button look="quiet" icon="zoomOut" className="h-6! px-1.5! text-xs!" onClick={() => setView({ from: undefined, to: undefined })}>
              All time
            </Button>
          )}
        </p>
      </div>
      <Suspense fallback={<div style={{ height: HEIGHT_PX }} />}>
        {shown ? <SeverityHistogram histogram={shown} onZoom={zoom} height={HEIGHT_PX} /> : <Skeleton className="mt-1 h-26 w-full" />}
      </Suspense>
    </div>
  );
}

/** The histogram with the chosen severities alone; none chosen means all. */
function only(histogram: Histogram, severities: Severity[] | undefined): Histogram {
  if (!severities?.length) return histogram;
  const buckets = histogram.buckets.map(({ start, counts }) => ({
    start,
    counts: Object.fromEntries(severities.map((severity) => [severity, counts[severity] ?? 0])),
  }));
  return { ...histogram, buckets };
}
