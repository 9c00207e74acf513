import { useMutation, useQueryClient } from '@tanstack/react-query';

import { deleteOnly } from '@/api-client/http';
import { toast } from '@/lib/toasts';

/** Drops a subscription with its deliveries. */
export function useDeleteSubscription() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => deleteOnly(`subscriptions/${encodeURIComponent(id)}`),
    onSuccess: async () => {
      toast('The subscription is gone');
      await Promise.all(['subscriptions', 'deliveries'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    onError: (error) => toast('The subscription is as it was', { look: 'danger', detail: error.message }),
  });
}
