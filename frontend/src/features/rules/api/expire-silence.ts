import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { Silence } from '@/api-client/types';
import { toast } from '@/lib/toasts';

/** Ends a silence now. */
export function useExpireSilence() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => sendJson<Silence>('DELETE', `silences/${encodeURIComponent(id)}`),
    onSuccess: async () => {
      toast('The silence is over');
      await Promise.all(['silences', 'alerts', 'alert'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
    onError: (error) => toast('The silence is as it was', { look: 'danger', detail: error.message }),
  });
}
