import { useEffect, useState } from 'react';

import { ApiError } from '@/api-client/http';
import { useAlertStream } from '@/api-client/live-alerts';
import type { IncidentDetail } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LiveState } from '@/components/alert/live-state';
import { StatusTag } from '@/components/alert/status-tag';
import { Timeline } from '@/components/alert/timeline';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { RootCauseView } from '@/components/root-cause/root-cause-view';
import { SummaryOnDemand } from '@/components/summary/summary-on-demand';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatSpan, formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

import { useIncident } from '../api/get-incident';
import { TOLD_MAX, useIncidentEvents } from '../api/get-incident-events';

import { IncidentActions } from './incident-actions';
import { JoinedAlerts } from './joined-alerts';
import { SimilarIncidents } from './similar-incidents';

/** One incident: what belongs to it and why, what happened, and what people do about it. */
export function IncidentPage({ id }: { id: string }) {
  const { data, error, refetch } = useIncident(id);
  const { changed } = useAlertStream();
  const newest = Math.max(0, ...[...changed.values()].filter(({ incident }) => incident === id).map(({ seq }) => seq));
  useEffect(() => {
    if (newest > 0) void refetch();
  }, [newest, refetch]);
  if (error instanceof ApiError && error.status === 404) {
    return (
      <Page title="Incident">
        <Panel>
          <Empty icon="incident" title="This incident is not kept any more" actions={<Back />}>
            It may have been merged with another.
          </Empty>
        </Panel>
      </Page>
    );
  }
  if (!data) {
    return (
      <Page title="Incident" actions={<Back />}>
        <Panel>{error ? <Failure error={error} retry={() => void refetch()} /> : <SkeletonLines count={10} label="Loading the incident" />}</Panel>
      </Page>
    );
  }
  return <Detail incident={data} />;
}

const Back = () => (
  <ViewLink to={PAGES.incidents} className="text-sm text-accent hover:underline">
    All incidents
  </ViewLink>
);

function Detail({ incident }: { incident: IncidentDetail }) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const now = useNow(5);
  const [zone] = useZone();
  const ends = incident.ends_at ? parseTime(incident.ends_at) : now;
  const lead = (
    <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <AlertSeverityTag severity={incident.severity} />
      <StatusTag status={incident.status} />
      <span>
        since {formatTime(incident.starts_at, zone, false)}, {incident.ends_at ? 'lasted' : 'for'} {formatSpan((ends - parseTime(incident.starts_at)) / 1000)}
      </span>
      {incident.is_pinned && <span>pinned: nothing joins or leaves by itself</span>}
    </span>
  );
  return (
    <Page
      title={incident.title}
      lead={lead}
      actions={
        <>
          <LiveState />
          <Back />
        </>
      }
    >
      <IncidentActions incident={incident} selected={[...selected].filter((id) => incident.alerts.some((alert) => alert.id === id))} onDone={() => setSelected(new Set())} />
      <div className="mt-4 grid grid-cols-1 items-start gap-5 xl:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="space-y-5">
          <Panel title="Cause">
            <div className="p-4">
              <RootCauseView subject={{ type: 'incident', id: incident.id }} />
            </div>
          </Panel>
          <JoinedAlerts incident={incident} selected={selected} onSelect={setSelected} />
        </div>
        <div className="space-y-5">
          <Summaries id={incident.id} />
          <Happened incident={incident} />
          <SimilarIncidents id={incident.id} />
        </div>
      </div>
    </Page>
  );
}

function Summaries({ id }: { id: string }) {
  const path = `incidents/${encodeURIComponent(id)}`;
  return (
    <Panel title="In short">
      <div className="p-4">
        <SummaryOnDemand
          choices={[
            { label: 'Summary', summed: { path: `${path}/summary` }, file: 'tocsin-incident-summary' },
            { label: 'Post-mortem draft', summed: { path: `${path}/post-mortem` }, file: 'tocsin-post-mortem' },
          ]}
        />
      </div>
    </Panel>
  );
}

function Happened({ incident }: { incident: IncidentDetail }) {
  const { events, isPending, error } = useIncidentEvents(incident.alerts);
  const titles = new Map(incident.alerts.map(({ id, title }) => [id, title]));
  return (
    <Panel title="Timeline">
      <div className="p-4">
        {error && <p className="mb-3 text-xs text-danger">{error.message}</p>}
        {isPending && events.length === 0 && <SkeletonLines count={6} label="Loading the timeline" />}
        {incident.alerts.length > TOLD_MAX && <p className="mb-3 text-xs text-soft">Of the newest {TOLD_MAX} alerts.</p>}
        <Timeline
          events={events}
          about={({ alert }) => (
            <ViewLink to={PAGES.alerts} view={{ alert, status: 'all' }} className="max-w-full truncate text-accent hover:underline">
              {titles.get(alert) ?? alert}
            </ViewLink>
          )}
        />
      </div>
    </Panel>
  );
}
