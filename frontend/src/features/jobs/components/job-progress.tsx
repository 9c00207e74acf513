import type { Job } from '@/api-client/types';

import { progressText, share } from '../job-text';

/** How far a job is: a bar where the whole is known, and in words. */
export function JobProgress({ job, label }: { job: Job; label: string }) {
  const part = share(job);
  const text = progressText(job);
  return (
    <div className="min-w-0">
      {part !== undefined && (
        <div role="progressbar" aria-label={label} aria-valuenow={Math.round(part * 100)} aria-valuemin={0} aria-valuemax={100} className="my-1 h-1.5 w-full max-w-64 overflow-hidden rounded-full bg-sunken">
          <div className="h-full rounded-full bg-accent transition-[width]" style={{ width: `${part * 100}%` }} />
        </div>
      )}
      {text && <p className="text-xs [overflow-wrap:anywhere] text-soft tabular-nums">{text}</p>}
    </div>
  );
}
