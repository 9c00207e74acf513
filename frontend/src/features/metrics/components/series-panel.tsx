import { lazy, Suspense, useMemo, useState } from 'react';

import { useAnomalies } from '@/api-client/get-anomalies';
import { usePoints } from '@/api-client/get-points';
import { usePredictions } from '@/api-client/get-predictions';
import type { Points } from '@/api-client/types';
import { WEEK_MS } from '@/components/chart/metric-plot';
import { IconButton } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { openAsk } from '@/lib/ask';
import { plural } from '@/lib/format';
import { lineName, nameOf, ownLabels, selectorOf } from '@/lib/labels';
import { measureOf, formatValue } from '@/lib/units';
import { useView } from '@/lib/use-view';

import { useForecast } from '../api/get-forecast';
import { limitMark, predictionsFor } from '../limits';
import { drawnRange, latestOf, zonesOf } from '../marks';
import type { MetricRange } from '../use-metric-range';
import { useZoom } from '../use-zoom';

import { ForecastDetails } from './forecast-details';
import { LogsBelow } from './logs-below';
import { MissedButton } from './missed-button';
import { PredictionNotes } from './prediction-notes';
import { SeriesAnomalies } from './series-anomalies';

const SeriesChart = lazy(() => import('@/components/chart/series-chart'));
const HEIGHT_PX = 220;
const ALL = 1000;

/** One series: its chart with all that is known of it, and what can be said about it. */
export function SeriesPanel({ id, range, others }: { id: string; range: MetricRange; others: string[] }) {
  const [view, setView] = useView();
  const zoom = useZoom();
  const [pickedMs, setPicked] = useState<number>();
  const { fromMs, toMs, asOf } = range;
  const points = usePoints({ series: id, fromMs, toMs });
  const lastWeek = usePoints({ series: id, fromMs: fromMs - WEEK_MS, toMs: toMs - WEEK_MS }, view.compare === 'week');
  const forecast = useForecast(id, view.horizon);
  const found = useAnomalies({ series: id, from: iso(fromMs), to: iso(toMs), limit: 100, asOf });
  const predicted = usePredictions({ limit: ALL });
  const item = points.data?.items[0];
  const latest = item && latestOf(item);
  const anomalies = found.data?.items;

  const told = useMemo(() => (item ? predictionsFor(item.labels, predicted.data?.items ?? []) : []), [item, predicted.data]);
  const limits = useMemo(() => told.map(limitMark), [told]);
  const zones = useMemo(() => zonesOf(anomalies ?? [], toMs), [anomalies, toMs]);
  const shown = useMemo(() => drawnRange(range, view.horizon), [range, view.horizon]);
  const measure = useMemo(() => measureOf(item ? nameOf(item.labels) : '', item?.is_rate), [item]);

  return (
    <section aria-label={item ? `${nameOf(item.labels)} ${lineName(item.labels)}` : 'Series'} className="rounded-lg border border-line bg-surface">
      <header className="flex items-start gap-3 border-b border-line px-4 py-2">
        <Title item={item} id={id} />
        <span className="ml-auto shrink-0 pt-1 text-sm font-medium tabular-nums">{item && formatValue(latest, measure)}</span>
        {item && <IconButton label="Ask about this series" icon="ask" className="size-7!" onClick={() => openAsk({ focus: { metric: selectorOf(item.labels), from: iso(fromMs), to: iso(toMs) } })} />}
        <IconButton label="Take this chart away" icon="close" className="size-7!" onClick={() => setView({ series: others.length > 0 ? others : undefined, match: others.length > 0 ? view.match : undefined })} />
      </header>
      {points.error ? (
        <Failure error={points.error} retry={() => void points.refetch()} />
      ) : (
        <Suspense fallback={<Waiting />}>
          {item ? (
            <div className={points.isPlaceholderData ? 'opacity-60' : ''}>
              <SeriesChart
                points={item}
                lastWeek={view.compare ? lastWeek.data?.items[0] : undefined}
                forecast={view.horizon ? forecast.data : undefined}
                {...{ measure, zones, limits, pickedMs, ...shown }}
                label={`${nameOf(item.labels)} over time, now ${formatValue(latest, measure)}, ${plural(zones.length, 'anomaly', 'anomalies')}`}
                height={HEIGHT_PX}
                onZoom={zoom}
                onPick={setPicked}
              />
            </div>
          ) : (
            <Waiting />
          )}
        </Suspense>
      )}
      {item?.at.length === 0 && <p className="px-4 pb-3 text-sm text-soft">This series has no points in this time range.</p>}
      {view.below === 'logs' && item && <LogsBelow host={item.labels.host} range={range} shown={shown} />}
      {told.length > 0 && <PredictionNotes predictions={told} />}
      {view.horizon && <ForecastDetails forecast={forecast} shownToMs={shown.toMs} measure={measure} />}
      {item && <SeriesAnomalies found={found} actions={<MissedButton series={id} pickedMs={pickedMs} onDone={() => setPicked(undefined)} />} />}
    </section>
  );
}

const iso = (ms: number) => new Date(ms).toISOString();

function Waiting() {
  return (
    <div role="status" aria-label="Loading the chart" className="p-4" style={{ height: HEIGHT_PX }}>
      <Skeleton className="h-full w-full" />
    </div>
  );
}

function Title({ item, id }: { item?: Points; id: string }) {
  if (!item) return <h2 className="text-sm font-semibold">{id}</h2>;
  return (
    <div className="min-w-0">
      <h2 className="text-sm font-semibold break-words">{nameOf(item.labels)}</h2>
      <ul aria-label="Labels" className="flex flex-wrap gap-1 py-0.5 text-xs text-soft">
        {ownLabels(item.labels).map(([key, value]) => (
          <li key={key} className="max-w-full truncate rounded bg-sunken px-1.5">
            <span className="text-faint">{key}</span> {value}
          </li>
        ))}
      </ul>
    </div>
  );
}
