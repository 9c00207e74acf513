import type { Anomaly } from '@/api-client/types';
import { Button } from '@/components/ui/button';
import { ViewLink } from '@/components/view-link';
import { formatShare, formatSpan, formatTime } from '@/lib/format';
import { aboutSeries, labelText } from '@/lib/labels';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { formatValue, measureOf } from '@/lib/units';

import { useRejectAnomaly } from '../api/reject-anomaly';
import { rangeAround } from '../marks';

/** One anomaly: when, what, how sure, and what was expected; `withSeries` says of which series. */
export function AnomalyItem({ anomaly, withSeries = false }: { anomaly: Anomaly; withSeries?: boolean }) {
  const [zone] = useZone();
  const { name, labels, series, detector, score, observed, yhat_lower, yhat_upper, started_at, ended_at, explanation } = anomaly;
  const measure = measureOf(name, name.endsWith('_total'));
  const lasted = ended_at && formatSpan((parseTime(ended_at) - parseTime(started_at)) / 1000);
  return (
    <li className="flex flex-wrap items-start gap-x-4 gap-y-1 px-4 py-2.5 text-sm">
      <div className="w-40 shrink-0 tabular-nums">
        <time dateTime={started_at}>{formatTime(started_at, zone, false)}</time>
        <span className="block text-xs text-faint">{lasted ? `for ${lasted}` : <Open />}</span>
      </div>
      <div className="min-w-48 flex-1">
        {withSeries && (
          <ViewLink to={PAGES.metrics} view={{ series: [series], ...rangeAround(anomaly) }} className="block font-medium break-words hover:underline">
            {name} <span className="font-normal text-faint">{labelText(labels)}</span>
          </ViewLink>
        )}
        <p className="break-words">{aboutSeries(explanation, labels)}</p>
        <p className="text-xs text-soft tabular-nums">
          {detector.replaceAll('_', ' ')} · {score === null || score === undefined ? 'no score' : `${formatShare(score, 1)} sure`} · was {formatValue(observed, measure)}, expected {formatValue(yhat_lower, measure)} to{' '}
          {formatValue(yhat_upper, measure)}
        </p>
      </div>
      <Feedback anomaly={anomaly} />
    </li>
  );
}

function Open() {
  return (
    <span className="inline-flex items-center gap-1.5 font-medium text-danger">
      <span aria-hidden="true" className="size-2 rounded-full bg-danger" />
      lasts
    </span>
  );
}

function Feedback({ anomaly }: { anomaly: Anomaly }) {
  const reject = useRejectAnomaly();
  const said = reject.isSuccess ? 'not_anomaly' : anomaly.feedback;
  if (said) return <p role="status" className="shrink-0 text-xs text-soft">{said === 'missed' ? 'Marked as missed' : 'Marked: not an anomaly'}</p>;
  return (
    <div className="shrink-0">
      <Button disabled={reject.isPending} onClick={() => reject.mutate(anomaly.id)}>
        Not an anomaly
      </Button>
      {reject.error && <p role="alert" className="text-xs text-danger">{reject.error.message}</p>}
    </div>
  );
}
