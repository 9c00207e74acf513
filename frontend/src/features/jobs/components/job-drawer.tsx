import { useEffect, useRef } from 'react';

import { ApiError } from '@/api-client/http';
import { Part } from '@/components/part';
import { IconButton } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { kindName } from '@/lib/job-words';
import { useMedia } from '@/lib/use-media';
import { useNow } from '@/lib/use-now';

import { useJob } from '../api/get-job';

import { JobActions } from './job-actions';
import { JobFacts } from './job-facts';
import { JobStatusTag } from './job-status-tag';
import { StaleNote } from './stale-note';

/** One job in full, beside the list; over it where there is no room. */
export function JobDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error, refetch } = useJob(id);
  const now = useNow(1);
  const covering = useMedia('(max-width: 1023px)');
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!covering) return undefined;
    const before = document.activeElement;
    drawer.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, [covering]);
  // What is no id is as unknown as one that is not kept.
  const isUnknown = error instanceof ApiError && (error.status === 404 || error.status === 400);
  return (
    <aside ref={drawer} tabIndex={-1} aria-label="Job" className="fixed inset-0 z-30 flex flex-col border-l border-line bg-surface focus-visible:outline-none lg:static lg:z-auto lg:w-[min(38vw,34rem)] lg:shrink-0">
      <header className="flex min-h-10 shrink-0 items-center gap-3 border-b border-line px-4 py-1">
        <h2 className="text-sm font-semibold">{data ? kindName(data.kind) : 'Job'}</h2>
        {data && <JobStatusTag job={data} />}
        <IconButton label="Close the job" icon="close" className="-mr-2 ml-auto" onClick={onClose} />
      </header>
      <div className="flex-1 overflow-y-auto">
        {isUnknown ? (
          <Empty icon="clock" title="This job is not kept any more">
            Jobs that ended are forgotten after a while.
          </Empty>
        ) : (
          error && !data && <Failure error={error} retry={() => void refetch()} />
        )}
        {!data && !error && <SkeletonLines count={10} label="Loading the job" />}
        {data && !isUnknown && (
          <>
            <StaleNote error={error} />
            <div className="space-y-5 p-4">
              <JobFacts job={data} now={now} />
              <Part title="What can be done">
                <JobActions job={data} onGone={onClose} />
              </Part>
            </div>
          </>
        )}
      </div>
    </aside>
  );
}
