import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { Delivery } from '@/api-client/types';
import { toast } from '@/lib/toasts';

/** Sends a delivery again, under the same key. */
export function useRedeliver() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (number: number) => sendJson<Delivery>('POST', `deliveries/${number}/redeliver`),
    onSuccess: () => toast('It is sent again'),
    onSettled: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
    onError: (error) => toast('It is not sent again', { look: 'danger', detail: error.message }),
  });
}
