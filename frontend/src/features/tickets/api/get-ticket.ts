import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { TicketDetail } from '@/api-client/types';

/** One ticket with what was decided about it, said on it, and told to its tracker. */
export const ticketOptions = (id: string) =>
  queryOptions({
    queryKey: ['ticket', id],
    queryFn: ({ signal }) => getJson<TicketDetail>(`tickets/${encodeURIComponent(id)}`, {}, signal),
    staleTime: 0,
  });

const QUIET_MS = 10_000;
const WAITING_MS = 3000;

/** It is asked for again, sooner while its tracker is still to be told something. */
export const useTicket = (id: string) =>
  useQuery({
    ...ticketOptions(id),
    refetchInterval: ({ state }) => (state.data?.tasks.some((task) => task.state === 'pending') ? WAITING_MS : QUIET_MS),
  });
