import { apiUrl } from '@/api-client/http';
import type { Job } from '@/api-client/types';
import { Button, buttonClass } from '@/components/ui/button';
import { kindName } from '@/lib/job-words';

import { useActOnJob } from '../api/act-on-job';
import { canCancel, canRetry, isActive } from '../job-text';

/** What can be done with a job; a row has room for the nearest only. */
export function JobActions({ job, isShort = false, onGone }: { job: Job; isShort?: boolean; onGone?: () => void }) {
  const act = useActOnJob();
  const name = kindName(job.kind);
  const look = isShort ? 'quiet' : 'plain';
  const className = isShort ? '-my-1' : '';
  const hasNone = isShort && !job.has_document && !canCancel(job) && !canRetry(job);
  if (hasNone) return null;
  return (
    <span className={`inline-flex flex-wrap gap-2 ${isShort ? '@3xl:justify-end' : ''}`}>
      {job.has_document && (
        <a href={apiUrl(`jobs/${job.id}/result`)} download className={buttonClass(look, className)} aria-label={`Download the document of ${name}`}>
          Download
        </a>
      )}
      {canCancel(job) && (
        <Button look={look} icon="close" className={className} aria-label={`Call off ${name}`} disabled={act.isPending} onClick={() => act.mutate({ id: job.id, action: 'cancel' })}>
          Call off
        </Button>
      )}
      {canRetry(job) && (
        <Button look={look} icon="refresh" className={className} aria-label={`Try ${name} again`} disabled={act.isPending} onClick={() => act.mutate({ id: job.id, action: 'retry' })}>
          Try again
        </Button>
      )}
      {!isShort && !isActive(job) && (
        <Button disabled={act.isPending} onClick={() => act.mutate({ id: job.id, action: 'discard' }, { onSuccess: onGone })}>
          Remove
        </Button>
      )}
    </span>
  );
}
