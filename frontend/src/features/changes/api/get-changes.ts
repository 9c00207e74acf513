import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import type { Change } from '@/api-client/copilot-types';
import { getJson } from '@/api-client/http';
import type { List } from '@/api-client/types';

export interface ChangeFilter {
  entity?: string;
  kind?: string;
  q?: string;
  from?: string;
  to?: string;
  /** When it was asked; not sent. */
  asOf: number;
}

const PAGE = 100;

export const changesOptions = ({ asOf, ...filter }: ChangeFilter) =>
  infiniteQueryOptions({
    queryKey: ['changes', filter, asOf],
    queryFn: ({ signal, pageParam }) => getJson<List<Change>>('changes', { ...filter, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** What people did, the newest first. */
export const useChanges = (filter: ChangeFilter) => useInfiniteQuery(changesOptions(filter));
