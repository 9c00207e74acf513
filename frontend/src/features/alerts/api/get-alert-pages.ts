import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import { fetchAlerts, type AlertFilter } from '@/api-client/get-alerts';

const PAGE = 100;

export const alertPagesOptions = (filter: AlertFilter) =>
  infiniteQueryOptions({
    queryKey: ['alerts', 'pages', filter],
    queryFn: ({ signal, pageParam }) => fetchAlerts(filter, { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
  });

/** All alerts that a filter leaves, page by page. */
export const useAlertPages = (filter: AlertFilter) => useInfiniteQuery(alertPagesOptions(filter));
