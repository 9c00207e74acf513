import { queryOptions, useQuery } from '@tanstack/react-query';

import { fetchTickets } from '@/api-client/get-tickets';

const SHOWN = 5;

/** The newest tickets about an alert, and about others with its fingerprint; `seq` is the last that happened to it. */
export const alertTicketsOptions = (alert: string, seq: number) =>
  queryOptions({
    queryKey: ['tickets', 'of', alert, seq],
    queryFn: ({ signal }) => fetchTickets({ alert }, { limit: SHOWN }, signal),
    staleTime: 0,
    // It is decided a moment after it happened.
    refetchInterval: 5000,
  });

export const useAlertTickets = (alert: string, seq: number) => useQuery(alertTicketsOptions(alert, seq));
