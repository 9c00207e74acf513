import type { Job } from '@/api-client/types';
import { Moment } from '@/components/ui/moment';
import { ViewLink } from '@/components/view-link';
import { actorName } from '@/lib/automation-words';
import { kindName } from '@/lib/job-words';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { useNow } from '@/lib/use-now';
import { useView } from '@/lib/use-view';

import { attemptsText, resultText } from '../job-text';

import { JobActions } from './job-actions';
import { JobProgress } from './job-progress';
import { JobStatusTag } from './job-status-tag';

const HEAD = 'border-b border-line px-2 py-2 text-left text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4';
const CELL = 'border-b border-line px-2 py-2 align-top text-sm first:pl-4 last:pr-4';

/** Jobs as rows; what does not fit in a column stands below the name. */
export function JobRows({ jobs }: { jobs: readonly Job[] }) {
  const now = useNow(1);
  return (
    <div className="@container">
      <table aria-label="Jobs" className="w-full border-collapse [&>tbody>tr:last-child>td]:border-b-0">
        <thead>
          <tr>
            <th scope="col" className={HEAD}>
              Status
            </th>
            <th scope="col" className={HEAD}>
              Job
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Asked for by
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Asked for
            </th>
            <th scope="col" className={`${HEAD} hidden @3xl:table-cell`}>
              Ended
            </th>
            <th scope="col" className={`${HEAD} relative hidden @3xl:table-cell`}>
              <span className="sr-only">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {jobs.map((job) => (
            <Row key={job.id} job={job} now={now} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ job, now }: { job: Job; now: number }) {
  const [view] = useView();
  const attempts = attemptsText(job, now);
  return (
    <tr className={view.job === job.id ? 'bg-hover' : 'hover:bg-hover'}>
      <td className={`${CELL} leading-5`}>
        <JobStatusTag job={job} />
      </td>
      <td className={CELL}>
        <ViewLink to={PAGES.jobs} view={{ ...view, job: job.id }} className="font-medium [overflow-wrap:anywhere] hover:underline">
          {kindName(job.kind)}
        </ViewLink>
        {job.status === 'running' && <JobProgress job={job} label={`Progress of ${kindName(job.kind)}`} />}
        {job.error && <p className="line-clamp-2 text-xs [overflow-wrap:anywhere] text-danger">{plain(job.error)}</p>}
        {resultText(job) && <p className="line-clamp-2 text-xs [overflow-wrap:anywhere] text-soft">{plain(resultText(job))}</p>}
        <p className="flex flex-wrap gap-x-2.5 text-xs text-faint">
          {attempts && <span>{attempts}</span>}
          {job.schedule && <span>schedule {job.schedule}</span>}
          <span className="@3xl:hidden">
            {actorName(job.asked_by)}, <Moment time={job.created_at} now={now} />
          </span>
        </p>
        <p className="-ml-2.5 pt-1 empty:hidden @3xl:hidden">
          <JobActions job={job} isShort />
        </p>
      </td>
      <td className={`${CELL} hidden [overflow-wrap:anywhere] @3xl:table-cell`}>{actorName(job.asked_by)}</td>
      <td className={`${CELL} hidden text-xs leading-5 whitespace-nowrap text-soft tabular-nums @3xl:table-cell`}>
        <Moment time={job.created_at} now={now} />
      </td>
      <td className={`${CELL} hidden text-xs leading-5 whitespace-nowrap text-soft tabular-nums @3xl:table-cell`}>{job.finished_at && <Moment time={job.finished_at} now={now} />}</td>
      <td className={`${CELL} hidden text-right @3xl:table-cell`}>
        <JobActions job={job} isShort />
      </td>
    </tr>
  );
}
