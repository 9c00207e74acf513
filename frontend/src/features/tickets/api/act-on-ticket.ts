import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { Ticket } from '@/api-client/types';
import { toast } from '@/lib/toasts';

export type TicketWish = { action: 'resolve' | 'reopen' } | { action: 'comment'; text: string } | { action: 'retry'; task: number };

const DONE: Record<TicketWish['action'], string> = {
  resolve: 'The ticket is resolved',
  reopen: 'The ticket is open again',
  comment: 'The comment is on the ticket',
  retry: 'It is tried once more',
};

const CHANGED = ['tickets', 'ticket', 'decisions', 'ticket-status', 'ticket-preview'];

const pathOf = (id: string, wish: TicketWish) => (wish.action === 'retry' ? `tickets/tasks/${wish.task}/retry` : `tickets/${encodeURIComponent(id)}/${wish.action}`);

/** Does something with a ticket. */
export function useActOnTicket(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: TicketWish) => postJson<Ticket>(pathOf(id, wish), wish.action === 'comment' ? { text: wish.text } : {}),
    onSuccess: (_, { action }) => toast(DONE[action]),
    onError: (error) => toast('Nothing was done', { look: 'danger', detail: error.message }),
    // What was refused may have changed since it was shown.
    onSettled: () => Promise.all(CHANGED.map((key) => client.invalidateQueries({ queryKey: [key] }))),
  });
}
