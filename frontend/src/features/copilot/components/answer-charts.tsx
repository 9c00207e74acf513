import { lazy, Suspense, useMemo } from 'react';

import type { AnswerChartWish } from '@/api-client/copilot-types';
import { usePoints } from '@/api-client/get-points';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { measureOfQuery } from '@/lib/query-measure';
import { parseTime } from '@/lib/time-range';
import { useGo } from '@/lib/use-go';

const AnswerChart = lazy(() => import('@/components/chart/answer-chart'));
const HEIGHT_PX = 150;

/** What is drawn beside an answer's words. */
export function AnswerCharts({ charts, onOpen }: { charts: readonly AnswerChartWish[]; onOpen?: () => void }) {
  return charts.map((chart, index) => <ChartPanel key={index} chart={chart} onOpen={onOpen} />);
}

function ChartPanel({ chart: { title, query, from, to }, onOpen }: { chart: AnswerChartWish; onOpen?: () => void }) {
  const go = useGo();
  const [fromMs, toMs] = [parseTime(from), Math.max(parseTime(to), parseTime(from) + 1000)];
  const { data, error, refetch } = usePoints({ q: query, fromMs, toMs });
  const measure = useMemo(() => measureOfQuery(query), [query]);
  const zoom = (startMs: number, endMs: number) => {
    go(PAGES.metrics, { view: 'query', q: query, from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() });
    onOpen?.();
  };
  return (
    <figure aria-label={title} className="rounded-md border border-line bg-surface">
      <figcaption className="flex items-baseline justify-between gap-3 px-3 pt-2 text-xs">
        <span className="min-w-0 font-medium break-words">{plain(title)}</span>
        <ViewLink to={PAGES.metrics} view={{ view: 'query', q: query, from, to }} onClick={onOpen} className="shrink-0 text-accent hover:underline">
          Open the chart
        </ViewLink>
      </figcaption>
      {error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : !data ? (
        <div role="status" aria-label="Loading the chart" className="p-3" style={{ height: HEIGHT_PX }}>
          <Skeleton className="h-full w-full" />
        </div>
      ) : data.items.length === 0 ? (
        <p className="px-3 py-4 text-xs text-soft">No series has points for it in this time.</p>
      ) : (
        <Suspense fallback={<div style={{ height: HEIGHT_PX }} />}>
          <AnswerChart items={data.items} {...{ measure, fromMs, toMs }} label={`${plain(title)}: ${plural(data.items.length, 'series', 'series')} over time`} height={HEIGHT_PX} onZoom={zoom} />
        </Suspense>
      )}
    </figure>
  );
}
