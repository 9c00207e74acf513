import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { Subscription } from '@/api-client/types';
import { toast } from '@/lib/toasts';

/** Switches a subscription on or off. */
export function useSwitchSubscription() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, isOn }: { id: string; isOn: boolean }) => sendJson<Subscription>('POST', `subscriptions/${encodeURIComponent(id)}/${isOn ? 'enable' : 'disable'}`),
    onSettled: () => Promise.all(['subscriptions', 'deliveries'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
    onError: (error) => toast('The subscription is as it was', { look: 'danger', detail: error.message }),
  });
}
