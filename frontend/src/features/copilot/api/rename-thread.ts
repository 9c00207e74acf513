import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Thread } from '@/api-client/copilot-types';
import { sendJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

export function useRenameThread() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, title }: { id: string; title: string }) => sendJson<Thread>('PATCH', `copilot/threads/${encodeURIComponent(id)}`, { title }),
    onSuccess: async ({ id }) => {
      await client.invalidateQueries({ queryKey: ['copilot-threads'] });
      await client.invalidateQueries({ queryKey: ['copilot-thread', id] });
    },
    onError: (error) => toast('The conversation was not renamed', { look: 'danger', detail: error.message }),
  });
}
