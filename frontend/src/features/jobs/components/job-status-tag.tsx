import type { Job } from '@/api-client/types';
import { JOB_STATUS_WORDS, type JobStatus } from '@/lib/job-words';

const LOOKS: Record<JobStatus, string> = {
  queued: 'border-line text-soft',
  running: 'border-accent text-accent',
  succeeded: 'border-line text-ok',
  failed: 'border-danger text-danger',
  dead: 'border-danger text-danger',
  cancelled: 'border-line text-faint',
};

/** How far a job is. */
export function JobStatusTag({ job }: { job: Job }) {
  const isStopping = job.status === 'running' && job.is_cancel_asked;
  return <span className={`inline-flex h-5 items-center rounded border px-1.5 text-2xs whitespace-nowrap ${LOOKS[job.status]}`}>{isStopping ? 'Is stopping' : JOB_STATUS_WORDS[job.status]}</span>;
}
