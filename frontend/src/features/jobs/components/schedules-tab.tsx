import type { JobSchedule } from '@/api-client/types';
import { Details } from '@/components/details';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatSpan, formatTime } from '@/lib/format';
import { kindName } from '@/lib/job-words';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

import { useActOnSchedule } from '../api/act-on-schedule';
import { useSchedules } from '../api/get-schedules';

import { StaleNote } from './stale-note';

/** What is done without being asked, and when next. */
export function SchedulesTab() {
  const { data, error, isPending, refetch } = useSchedules();
  return (
    <Panel>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={4} label="Loading the schedules" />}
      {data?.items.length === 0 && (
        <Empty icon="clock" title="No schedules">
          They are in the configuration, below `jobs.schedules`.
        </Empty>
      )}
      {data && data.items.length > 0 && (
        <ul aria-label="Schedules" className="divide-y divide-line">
          {data.items.map((schedule) => (
            <Row key={schedule.name} schedule={schedule} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ schedule }: { schedule: JobSchedule }) {
  const act = useActOnSchedule();
  const { name, is_paused: isPaused } = schedule;
  return (
    <li className="flex flex-wrap items-start gap-x-6 gap-y-2 px-4 py-3">
      <div className="min-w-56 flex-1">
        <p className="flex flex-wrap items-center gap-2 text-sm font-medium">
          {name}
          {isPaused && <span className="inline-flex h-5 items-center rounded border border-(--warn) px-1.5 text-2xs text-(--warn-text)">Paused</span>}
        </p>
        <p className="text-sm text-soft">{kindName(schedule.kind)}</p>
        <Details details={schedule.parameters} />
      </div>
      <div className="min-w-44 text-sm">
        <NextDue schedule={schedule} />
        <p className="text-xs text-faint">
          <span className="font-mono">{schedule.cron}</span> in UTC
        </p>
        <ViewLink to={PAGES.jobs} view={{ schedule: name }} className="text-xs text-accent hover:underline">
          Its jobs
        </ViewLink>
      </div>
      <div className="flex gap-2">
        <Button aria-label={`Run ${name} now`} disabled={act.isPending} onClick={() => act.mutate({ name, action: 'run' })}>
          Run now
        </Button>
        <Button look="quiet" aria-label={`${isPaused ? 'Resume' : 'Pause'} ${name}`} disabled={act.isPending} onClick={() => act.mutate({ name, action: isPaused ? 'resume' : 'pause' })}>
          {isPaused ? 'Resume' : 'Pause'}
        </Button>
      </div>
    </li>
  );
}

function NextDue({ schedule: { next_due: due } }: { schedule: JobSchedule }) {
  const now = useNow(5);
  const [zone] = useZone();
  if (!due) return <p className="text-soft">Not while it is paused</p>;
  const wait = (parseTime(due) - now) / 1000;
  return (
    <p>
      Next{' '}
      <time dateTime={due} title={formatTime(due, zone)} className="tabular-nums">
        {wait > 1 ? `in ${formatSpan(wait)}` : 'now'}
      </time>
    </p>
  );
}
