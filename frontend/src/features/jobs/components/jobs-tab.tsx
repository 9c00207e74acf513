import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';
import { isJobStatus, JOB_STATUS_WORDS, JOB_STATUSES, kindName } from '@/lib/job-words';
import { useView } from '@/lib/use-view';

import { useJobPages } from '../api/get-job-pages';
import { useJobKinds } from '../api/get-kinds';

import { JobRows } from './job-rows';
import { StaleNote } from './stale-note';

const ALL = { status: undefined, kind: undefined, schedule: undefined };
const STATUS_CHOICES = [{ value: '', label: 'Any status' }, ...JOB_STATUSES.map((value) => ({ value: value as string, label: JOB_STATUS_WORDS[value] }))];

/** All jobs, newest first. */
export function JobsTab() {
  const [view, setView] = useView();
  const status = isJobStatus(view.status) ? view.status : undefined;
  const { kind, schedule } = view;
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useJobPages({ status, kind, schedule });
  const kinds = useJobKinds().data?.items.map(({ name }) => name) ?? [];
  const names = [...new Set([...kinds, ...(kind ? [kind] : [])])].sort();
  const jobs = data?.pages.flatMap(({ items }) => items) ?? [];
  const isNarrowed = Boolean(status ?? kind ?? schedule);
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <Select label="Status" value={status ?? ''} choices={STATUS_CHOICES} onChange={(next) => setView({ status: next })} />
        <Select label="Kind" value={kind ?? ''} choices={[{ value: '', label: 'Any kind' }, ...names.map((value) => ({ value, label: kindName(value) }))]} onChange={(next) => setView({ kind: next })} className="max-w-56" />
        {schedule && (
          <Button icon="close" onClick={() => setView({ schedule: undefined })}>
            Of schedule {schedule}
          </Button>
        )}
        {isNarrowed && (
          <Button look="quiet" icon="close" onClick={() => setView(ALL)}>
            Clear
          </Button>
        )}
        <span className="ml-auto text-xs text-faint">{data && `${plural(jobs.length, 'job')}${hasNextPage ? ' and more' : ''}`}</span>
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={8} label="Loading the jobs" />}
      {data && jobs.length === 0 && (
        <Empty icon="clock" title={isNarrowed ? 'No job fits' : 'No jobs yet'} actions={isNarrowed && <Button onClick={() => setView(ALL)}>Clear the filters</Button>}>
          {isNarrowed ? 'None fits all of these filters.' : 'Deleting lines is a job, for example, and so is a report.'}
        </Empty>
      )}
      {jobs.length > 0 && (
        <div className={isPlaceholderData ? 'opacity-60' : ''}>
          <JobRows jobs={jobs} />
        </div>
      )}
      {hasNextPage && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Earlier jobs
          </Button>
        </p>
      )}
    </Panel>
  );
}
