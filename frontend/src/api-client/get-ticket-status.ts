import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { TicketState } from './types';

/** How the tracker is, how many tickets there are, and the settings in force. */
export const ticketStatusOptions = () =>
  queryOptions({
    queryKey: ['ticket-status'],
    queryFn: ({ signal }) => getJson<TicketState>('tickets/status', {}, signal),
  });

const WATCHED_MS = 15_000;
// Each answer costs a request to the tracker.
const ASIDE_MS = 120_000;

/** `isWatched`: someone looks at it, rather than only at the navigation. */
export const useTicketStatus = (isWatched = false) => useQuery({ ...ticketStatusOptions(), refetchInterval: isWatched ? WATCHED_MS : ASIDE_MS });
