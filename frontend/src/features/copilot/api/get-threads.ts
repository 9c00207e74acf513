import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import type { Thread } from '@/api-client/copilot-types';
import { getJson } from '@/api-client/http';
import type { List } from '@/api-client/types';

const PAGE = 50;

export const threadsOptions = (q: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['copilot-threads', q],
    queryFn: ({ signal, pageParam }) => getJson<List<Thread>>('copilot/threads', { q, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** The conversations in which some words occur, the newest first. */
export const useThreads = (q: string | undefined) => useInfiniteQuery(threadsOptions(q));
