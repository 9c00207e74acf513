import { useMutation, useQueryClient } from '@tanstack/react-query';

import { deleteOnly } from '@/api-client/http';
import { toast } from '@/lib/toasts';

import { forget } from '../running';

export function useDeleteThread() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => deleteOnly(`copilot/threads/${encodeURIComponent(id)}`),
    onSuccess: async (_, id) => {
      forget(id);
      client.removeQueries({ queryKey: ['copilot-thread', id] });
      await client.invalidateQueries({ queryKey: ['copilot-threads'] });
    },
    onError: (error) => toast('The conversation was not deleted', { look: 'danger', detail: error.message }),
  });
}
