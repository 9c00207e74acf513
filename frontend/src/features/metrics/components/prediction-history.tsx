import { usePredictions } from '@/api-client/get-predictions';
import type { Prediction, PredictionOutcome } from '@/api-client/types';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatShare, formatTime } from '@/lib/format';
import { carried, PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { formatValue } from '@/lib/units';
import { useView } from '@/lib/use-view';

import { measureOfLimit } from '../limits';

const SHOWN = 20;

const OUTCOMES: Record<PredictionOutcome, string> = {
  open: 'not known yet',
  hit: 'it came true',
  early: 'it came later than said',
  late: 'it came sooner than said',
  false_alarm: 'false alarm',
  miss: 'missed',
  quiet: 'rightly silent',
};

/** What was said of the same thing before, and how it turned out. */
export function PredictionHistory({ prediction }: { prediction: Prediction }) {
  const [zone] = useZone();
  const [view] = useView();
  const { data, error, isPending, refetch } = usePredictions({ series: prediction.series, limit: SHOWN });
  const measure = measureOfLimit(prediction);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={2} label="Loading earlier predictions" />;
  return (
    <>
      {prediction.query && (
        <p className="mb-1 text-xs text-soft">
          Watches{' '}
          <ViewLink to={PAGES.metrics} view={{ ...carried(view), view: 'query', q: prediction.query }} className="font-mono break-all hover:underline">
            {prediction.query}
          </ViewLink>
        </p>
      )}
      <ul aria-label="Earlier predictions" className="space-y-0.5 text-xs tabular-nums">
        {data.items.map((past) => (
          <li key={past.id} className="flex flex-wrap gap-x-4">
            <span className="text-faint">{formatTime(past.made_at, zone, false)}</span>
            <span>at {formatValue(past.current, measure)}</span>
            <span>{past.crosses_at ? `limit at ${formatTime(past.crosses_at, zone, false)}, ${formatShare(past.probability, 1)}` : 'no crossing in sight'}</span>
            <span className="text-soft">{OUTCOMES[past.outcome]}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
