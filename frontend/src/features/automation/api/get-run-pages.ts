import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import { fetchRuns, type RunFilter } from '@/api-client/get-runs';

const PAGE = 100;
const EVERY_MS = 3000;

/** `asOf` tells one refresh from the next. */
export const runPagesOptions = (filter: RunFilter, asOf: number) =>
  infiniteQueryOptions({
    queryKey: ['runs', 'pages', filter, asOf],
    queryFn: ({ signal, pageParam }) => fetchRuns(filter, { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

/** All runs that a filter leaves, newest first, page by page. Whoever has turned a page reads: it is not asked again by itself then. */
export const useRunPages = (filter: RunFilter, asOf: number) => useInfiniteQuery({ ...runPagesOptions(filter, asOf), refetchInterval: ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : EVERY_MS) });
