import { useMutation, useQueryClient } from '@tanstack/react-query';

import { deleteOnly } from '@/api-client/http';
import { toast } from '@/lib/toasts';

/** Drops a rule; its versions and runs are kept. */
export function useDeleteRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => deleteOnly(`automation/rules/${encodeURIComponent(id)}`),
    onSuccess: async () => {
      toast('The rule is gone');
      await client.invalidateQueries({ queryKey: ['automation-rules'] });
    },
    onError: (error) => toast('The rule is as it was', { look: 'danger', detail: error.message }),
  });
}
