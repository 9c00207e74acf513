import { useAnomalies } from '@/api-client/get-anomalies';
import { usePredictions } from '@/api-client/get-predictions';
import type { Anomaly, Prediction } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { Icon } from '@/components/ui/icon';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatShare } from '@/lib/format';
import { aboutSeries, labelText } from '@/lib/labels';
import { PAGES } from '@/lib/pages';
import { predictionText } from '@/lib/prediction-text';
import { useNow } from '@/lib/use-now';

const SHOWN = 4;
const ROW = 'flex items-start gap-2.5 px-4 py-2 text-sm hover:bg-hover focus-visible:-outline-offset-2';

/** What will be full soon, and what is unusual now. */
export function AheadPanel() {
  const predictions = usePredictions({ raised: true, limit: SHOWN });
  const anomalies = useAnomalies({ open: true, limit: SHOWN + 1 });
  const raised = predictions.data?.items ?? [];
  const open = anomalies.data?.items ?? [];
  const failed = predictions.error ? predictions : anomalies.error ? anomalies : undefined;
  const known = predictions.data && anomalies.data;
  return (
    <Panel
      title="Ahead and unusual"
      aside={
        <span className="flex gap-3 text-xs text-accent">
          <ViewLink to={PAGES.metrics} view={{ view: 'forecasts' }} className="hover:underline">
            Forecasts
          </ViewLink>
          <ViewLink to={PAGES.metrics} view={{ view: 'anomalies', only: 'now' }} className="hover:underline">
            {open.length > SHOWN ? 'All anomalies' : 'Anomalies'}
          </ViewLink>
        </span>
      }
    >
      {failed?.error && <Failure error={failed.error} retry={() => void failed.refetch()} />}
      {!known && !failed && <SkeletonLines count={3} label="Loading what is ahead" />}
      {known && raised.length === 0 && open.length === 0 && <p className="p-4 text-sm text-soft">Nothing is about to be full, and no series is unusual now.</p>}
      <ul aria-label="Ahead and unusual" className="divide-y divide-line">
        {raised.map((prediction) => (
          <RaisedRow key={prediction.id} prediction={prediction} />
        ))}
        {open.slice(0, SHOWN).map((anomaly) => (
          <OpenRow key={anomaly.id} anomaly={anomaly} />
        ))}
      </ul>
    </Panel>
  );
}

function RaisedRow({ prediction }: { prediction: Prediction }) {
  const now = useNow(30);
  const host = prediction.labels.host;
  return (
    <li>
      <ViewLink to={PAGES.metrics} view={{ view: 'forecasts' }} className={ROW}>
        <Icon name="clock" className="mt-0.5 text-danger" />
        <span className="min-w-0 flex-1">
          <span className="block font-medium break-words">{predictionText(prediction, now)}</span>
          <span className="block truncate text-xs text-faint">{[host && `on ${host}`, prediction.explanation].filter(Boolean).join(' · ')}</span>
        </span>
      </ViewLink>
    </li>
  );
}

function OpenRow({ anomaly }: { anomaly: Anomaly }) {
  const now = useNow(30);
  return (
    <li>
      <ViewLink to={PAGES.metrics} view={{ series: [anomaly.series] }} className={ROW}>
        <Icon name="alert" className="mt-0.5 text-(--warn-text)" />
        <span className="min-w-0 flex-1">
          <span className="block truncate">
            <span className="font-medium">{anomaly.name}</span> <span className="text-faint">{labelText(anomaly.labels)}</span>
          </span>
          <span className="line-clamp-2 break-words text-soft">{aboutSeries(anomaly.explanation, anomaly.labels)}</span>
          <span className="block truncate text-xs text-faint">
            began {formatAgo(anomaly.started_at, now)}
            {anomaly.score !== null && anomaly.score !== undefined && ` · ${formatShare(anomaly.score, 1)} sure`}
          </span>
        </span>
      </ViewLink>
    </li>
  );
}
