import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Decided } from '@/api-client/types';

/** What would be decided now about an alert that fires; `seq` is the last that happened to it. */
export const ticketPreviewOptions = (alert: string, seq: number) =>
  queryOptions({
    queryKey: ['ticket-preview', alert, seq],
    queryFn: ({ signal }) => getJson<Decided>(`alerts/${encodeURIComponent(alert)}/ticket-preview`, {}, signal),
    staleTime: 0,
    refetchInterval: 10_000,
  });

export const useTicketPreview = (alert: string, seq: number) => useQuery(ticketPreviewOptions(alert, seq));
