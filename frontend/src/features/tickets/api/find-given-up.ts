import { queryOptions, useQuery } from '@tanstack/react-query';

import { fetchTickets } from '@/api-client/get-tickets';
import { getJson } from '@/api-client/http';
import type { TicketDetail } from '@/api-client/types';

import { searchGivenUp } from '../given-up';

const PAGE = 100;

export const givenUpOptions = (count: number) =>
  queryOptions({
    queryKey: ['given-up', count],
    queryFn: ({ signal }) =>
      searchGivenUp(count, {
        getPage: (cursor) => fetchTickets({}, { limit: PAGE, cursor }, signal),
        getDetail: (id) => getJson<TicketDetail>(`tickets/${encodeURIComponent(id)}`, {}, signal),
      }),
    staleTime: 0,
  });

/** On which tickets the `count` things that were given up are; it is looked for when `enabled`. */
export const useGivenUp = (count: number, enabled: boolean) => useQuery({ ...givenUpOptions(count), enabled });
