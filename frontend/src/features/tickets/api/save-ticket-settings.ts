import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { TicketSettings } from '@/api-client/types';
import { toast } from '@/lib/toasts';

import { ticketSettingsOptions } from './get-ticket-settings';

/** Changes how tickets are decided on, from the next decision on. What is not said stays as the server has it. */
export function useSaveTicketSettings() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (changed: Partial<TicketSettings>) => {
      // The settings are kept as a whole; someone else may have changed the rest.
      const now = await client.fetchQuery({ ...ticketSettingsOptions, staleTime: 0 });
      return sendJson<TicketSettings>('PUT', 'tickets/settings', { ...now, ...changed });
    },
    onSuccess: async (settings) => {
      client.setQueryData(ticketSettingsOptions.queryKey, settings);
      toast('The settings are in force');
      await Promise.all(['ticket-status', 'ticket-preview'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
}
