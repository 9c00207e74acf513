import type { ReactNode } from 'react';

import type { Job } from '@/api-client/types';
import { Details } from '@/components/details';
import { Part } from '@/components/part';
import { Moment } from '@/components/ui/moment';
import { actorName } from '@/lib/automation-words';
import { plain } from '@/lib/plain-text';

import { attemptsText, isActive, progressText, resultText, share } from '../job-text';

import { JobProgress } from './job-progress';

/** What is known of a job. */
export function JobFacts({ job, now }: { job: Job; now: number }) {
  const hasProgress = share(job) !== undefined || progressText(job) !== '';
  return (
    <>
      {hasProgress && (isActive(job) || !job.result) && (
        <Part title="Progress">
          <JobProgress job={job} label="Progress" />
        </Part>
      )}
      {job.error && (
        <Part title="Why the last attempt failed">
          <p className="text-sm [overflow-wrap:anywhere] text-danger">{plain(job.error)}</p>
        </Part>
      )}
      {job.result && (
        <Part title="What came of it">
          {resultText(job) && <p className="text-sm [overflow-wrap:anywhere]">{plain(resultText(job))}</p>}
          <Details details={job.result} />
        </Part>
      )}
      <Part title="What was asked">{Object.keys(job.parameters).length > 0 ? <Details details={job.parameters} /> : <p className="text-sm text-faint">Nothing more than that it be done.</p>}</Part>
      <Part title="When and by whom">
        <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 text-sm">
          <Fact name="Asked for by">
            {actorName(job.asked_by)}
            {job.schedule && `, schedule ${job.schedule}`}
          </Fact>
          <Fact name="Asked for">
            <Moment time={job.created_at} now={now} />
          </Fact>
          {job.started_at && (
            <Fact name="Begun">
              <Moment time={job.started_at} now={now} />
            </Fact>
          )}
          {job.finished_at && (
            <Fact name="Ended">
              <Moment time={job.finished_at} now={now} />
            </Fact>
          )}
          <Fact name="Attempts">{attemptsText(job, now) || `${job.attempts} of ${job.attempts_max}`}</Fact>
          {job.worker && <Fact name="Server">{job.worker}</Fact>}
          <Fact name="Id">
            <span className="font-mono text-xs">{job.id}</span>
          </Fact>
        </dl>
      </Part>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-faint">{name}</dt>
      <dd className="[overflow-wrap:anywhere]">{children}</dd>
    </>
  );
}
