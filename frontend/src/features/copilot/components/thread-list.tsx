import type { Thread } from '@/api-client/copilot-types';
import { FilterField } from '@/components/filter-field';
import { Button } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatAgo, plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { useNow } from '@/lib/use-now';
import { useView } from '@/lib/use-view';

import { useThreads } from '../api/get-threads';

import { ThreadMenu } from './thread-menu';

/** The conversations that are kept, the newest first, with a search over all that was said in them. */
export function ThreadList({ onOpen }: { onOpen?: () => void }) {
  const [view, setView] = useView();
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useThreads(view.q);
  const threads = data?.pages.flatMap(({ items }) => items) ?? [];
  const begin = () => {
    setView({ thread: undefined });
    onOpen?.();
  };
  return (
    <section aria-label="Conversations" className="flex h-full min-h-0 flex-col">
      <div className="shrink-0 space-y-2 border-b border-line p-3">
        <Button icon="plus" className="w-full" onClick={begin}>
          New conversation
        </Button>
        <FilterField label="Search the conversations" className="w-full" />
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error && !data && <Failure error={error} retry={() => void refetch()} />}
        {isPending && <SkeletonLines count={6} label="Loading the conversations" />}
        {data && threads.length === 0 && <p className="p-4 text-sm text-soft">{view.q ? 'These words were said in none.' : 'What you ask is kept here.'}</p>}
        <ul className="space-y-0.5 p-1.5">
          {threads.map((thread) => (
            <Row key={thread.id} thread={thread} isOpen={view.thread === thread.id} onOpen={onOpen} />
          ))}
        </ul>
        {hasNextPage && (
          <p className="p-3 text-center">
            <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
              Show more
            </Button>
          </p>
        )}
      </div>
    </section>
  );
}

function Row({ thread, isOpen, onOpen }: { thread: Thread; isOpen: boolean; onOpen?: () => void }) {
  const [view] = useView();
  const now = useNow(30);
  return (
    <li className={`group flex items-center rounded-md ${isOpen ? 'bg-chosen' : 'hover:bg-hover'}`}>
      <ViewLink to={PAGES.copilot} view={{ q: view.q, thread: thread.id }} onClick={onOpen} aria-current={isOpen ? 'true' : undefined} className="min-w-0 flex-1 rounded-md px-2.5 py-1.5 focus-visible:-outline-offset-2">
        <span className="block truncate text-sm">{plain(thread.title) || 'Without a question yet'}</span>
        <span className="block truncate text-xs text-faint tabular-nums">
          {formatAgo(thread.updated_at, now)} · {plural(thread.messages, 'message')}
        </span>
      </ViewLink>
      <ThreadMenu thread={thread} isOpen={isOpen} />
    </li>
  );
}
