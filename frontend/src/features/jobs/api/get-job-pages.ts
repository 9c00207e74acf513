import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Job, List } from '@/api-client/types';

import { isActive } from '../job-text';

const PAGE = 100;
const ACTIVE_MS = 1000;
const QUIET_MS = 5000;

export interface JobFilter {
  status?: string;
  kind?: string;
  schedule?: string;
}

export const jobPagesOptions = (filter: JobFilter) =>
  infiniteQueryOptions({
    queryKey: ['jobs', filter],
    queryFn: ({ signal, pageParam }) => getJson<List<Job>>('jobs', { ...filter, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

/** Jobs, newest first, page by page; asked again each second while something goes on. Whoever has turned a page reads. */
export const useJobPages = (filter: JobFilter) =>
  useInfiniteQuery({
    ...jobPagesOptions(filter),
    refetchInterval: ({ state }) => {
      const pages = state.data?.pages ?? [];
      if (pages.length > 1) return false;
      return pages.some(({ items }) => items.some(isActive)) ? ACTIVE_MS : QUIET_MS;
    },
  });
