import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import { fetchTickets, type TicketFilter } from '@/api-client/get-tickets';

import { refreshOf } from '../refresh';

const PAGE = 100;

export const ticketPagesOptions = (filter: TicketFilter) =>
  infiniteQueryOptions({
    queryKey: ['tickets', 'pages', filter],
    queryFn: ({ signal, pageParam }) => fetchTickets(filter, { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

/** All tickets that a filter leaves, page by page. */
export const useTicketPages = (filter: TicketFilter) => useInfiniteQuery({ ...ticketPagesOptions(filter), refetchInterval: ({ state }) => refreshOf(state.data?.pages.length) });
