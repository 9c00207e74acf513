import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { Ticket } from '@/api-client/types';
import { trackerName } from '@/lib/ticket-words';
import { toast } from '@/lib/toasts';

/** Opens a ticket for an alert, however sure it is; one that is open is told so instead. */
export function useOpenTicket() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (alert: string) => postJson<Ticket>('tickets', { alert }),
    onSuccess: async ({ key, tracker, occurrences }) => {
      if (occurrences > 1) toast(`${key ?? 'Its ticket'} goes on`);
      else toast(key ? `${key} is open` : `A ticket is on its way to ${trackerName(tracker)}`);
      await Promise.all(['tickets', 'decisions', 'ticket-preview', 'ticket-status'].map((name) => client.invalidateQueries({ queryKey: [name] })));
    },
    onError: (error) => toast('No ticket was opened', { look: 'danger', detail: error.message }),
  });
}
