import { useState } from 'react';

import { useIncidents } from '@/api-client/get-incidents';
import type { Incident } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LiveState } from '@/components/alert/live-state';
import { StatusTag } from '@/components/alert/status-tag';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Segmented } from '@/components/ui/segmented';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Table, Td, Th } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { INCIDENT_STATUSES } from '@/lib/alert-words';
import { formatAgo, formatCount, formatSpan, formatTime, plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';
import { useView } from '@/lib/use-view';

import { responseOf } from '../response';

const STEP = 100;
const LIMIT_MAX = 1000;
const CHOICES = [
  { value: 'unresolved', label: 'Not resolved' },
  { value: 'resolved', label: 'Resolved' },
  { value: 'all', label: 'All' },
] as const;
const STATUSES = { unresolved: INCIDENT_STATUSES.filter((status) => status !== 'resolved').join(','), resolved: 'resolved', all: undefined };

/** The incidents, the newest first. */
export function IncidentList() {
  const [view, setView] = useView();
  const [limit, setLimit] = useState(STEP);
  const chosen = CHOICES.find(({ value }) => value === view.status)?.value ?? 'unresolved';
  const { data, error, isPending, isPlaceholderData, refetch } = useIncidents(STATUSES[chosen], limit);
  const items = data?.items ?? [];
  return (
    <Page title="Incidents" lead={<Response incidents={items} />} actions={<LiveState />}>
      <Panel>
        <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
          <Segmented label="Status" value={chosen} choices={CHOICES} onChange={(status) => setView({ status: status === 'unresolved' ? undefined : status })} />
          <span className="ml-auto text-xs text-faint">{data && `${plural(items.length, 'incident')}${data.next_cursor ? ' and more' : ''}`}</span>
        </div>
        {error && !data && <Failure error={error} retry={() => void refetch()} />}
        {isPending && <SkeletonLines count={8} label="Loading the incidents" />}
        {data && items.length === 0 && (
          <Empty icon="check" title={chosen === 'unresolved' ? 'No incident is open' : 'There are none'}>
            Alerts that belong together, by time, host, pattern or words, become an incident by themselves.
          </Empty>
        )}
        {items.length > 0 && (
          <div className={isPlaceholderData ? 'opacity-60' : ''}>
            <Incidents items={items} />
          </div>
        )}
        {data?.next_cursor && limit < LIMIT_MAX && (
          <p className="border-t border-line px-4 py-2">
            <Button onClick={() => setLimit(Math.min(LIMIT_MAX, limit + STEP * 3))}>Show more</Button>
          </p>
        )}
      </Panel>
    </Page>
  );
}

/** How quickly people were with what is shown. */
function Response({ incidents }: { incidents: readonly Incident[] }) {
  const { mtta, mttr } = responseOf(incidents);
  const said = [mtta !== undefined && `acknowledged after ${formatSpan(mtta)}`, mttr !== undefined && `resolved after ${formatSpan(mttr)}`].filter(Boolean);
  if (said.length === 0) return 'None of those shown was acknowledged yet.';
  return <span title="MTTA and MTTR of the incidents shown">On average {said.join(', ')} (MTTA, MTTR of those shown)</span>;
}

function Incidents({ items }: { items: readonly Incident[] }) {
  const now = useNow(5);
  const [zone] = useZone();
  return (
    <Table label="Incidents">
      <thead>
        <tr>
          <Th>Severity</Th>
          <Th>Incident</Th>
          <Th>Status</Th>
          <Th right>Alerts</Th>
          <Th>Since</Th>
          <Th right>Duration</Th>
        </tr>
      </thead>
      <tbody>
        {items.map((incident) => (
          <tr key={incident.id} className="hover:bg-hover">
            <Td>
              <AlertSeverityTag severity={incident.severity} />
            </Td>
            <Td className="min-w-56">
              <ViewLink to={PAGES.incidents} view={{ incident: incident.id }} className="font-medium break-words hover:underline">
                {incident.title}
              </ViewLink>
              {incident.is_pinned && <span className="ml-2 rounded bg-sunken px-1.5 text-2xs text-soft">pinned</span>}
            </Td>
            <Td>
              <StatusTag status={incident.status} />
            </Td>
            <Td right>{formatCount(incident.alert_count)}</Td>
            <Td className="whitespace-nowrap tabular-nums">
              <time dateTime={incident.starts_at} title={formatTime(incident.starts_at, zone)}>
                {formatAgo(incident.starts_at, now)}
              </time>
            </Td>
            <Td right>{formatSpan(((incident.ends_at ? parseTime(incident.ends_at) : now) - parseTime(incident.starts_at)) / 1000)}</Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
