import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { TicketSettings } from '@/api-client/types';

/** How tickets are decided on. */
export const ticketSettingsOptions = queryOptions({
  queryKey: ['ticket-settings'],
  queryFn: ({ signal }) => getJson<TicketSettings>('tickets/settings', {}, signal),
});

export const useTicketSettings = () => useQuery(ticketSettingsOptions);
