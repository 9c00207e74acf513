import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { Subscription, SubscriptionWish } from '@/api-client/types';
import { toast } from '@/lib/toasts';

/** Makes a subscription, or changes the one with this id. */
export function useSaveSubscription(id: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: SubscriptionWish) =>
      id === undefined ? sendJson<Subscription>('POST', 'subscriptions', wish) : sendJson<Subscription>('PUT', `subscriptions/${encodeURIComponent(id)}`, wish),
    onSuccess: async () => {
      toast('The subscription is kept');
      await client.invalidateQueries({ queryKey: ['subscriptions'] });
    },
  });
}
