import type { SimilarIncident } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { StatusTag } from '@/components/alert/status-tag';
import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatSpan } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

import { useSimilarIncidents } from '../api/get-similar-incidents';

/** What happened before that is like an incident, and how long it lasted then. */
export function SimilarIncidents({ id }: { id: string }) {
  const { data, error, refetch } = useSimilarIncidents(id);
  return (
    <Panel title="Similar past incidents">
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!error && !data && (
        <div className="p-4">
          <SkeletonLines count={3} label="Loading similar incidents" />
        </div>
      )}
      {data?.items.length === 0 && <p className="p-4 text-sm text-soft">Nothing like it happened before.</p>}
      {data && data.items.length > 0 && (
        <ul aria-label="Similar past incidents" className="divide-y divide-line">
          {data.items.map((one) => (
            <Similar key={one.incident.id} {...one} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Similar({ incident, score, because }: SimilarIncident) {
  const now = useNow(60);
  const lasted = incident.ends_at && `lasted ${formatSpan((parseTime(incident.ends_at) - parseTime(incident.starts_at)) / 1000)}`;
  return (
    <li className="space-y-0.5 px-4 py-2.5">
      <ViewLink to={PAGES.incidents} view={{ incident: incident.id }} className="text-sm font-medium break-words hover:underline">
        {incident.title}
      </ViewLink>
      <p className="text-xs break-words text-soft">
        {Math.round(score * 100)} % alike: {because}
      </p>
      <p className="flex flex-wrap items-center gap-2 text-xs text-soft tabular-nums">
        <AlertSeverityTag severity={incident.severity} />
        <StatusTag status={incident.status} />
        {formatAgo(incident.starts_at, now)}
        {lasted && <span>· {lasted}</span>}
      </p>
    </li>
  );
}
