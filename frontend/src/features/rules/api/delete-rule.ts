import { useMutation, useQueryClient } from '@tanstack/react-query';

import { deleteOnly } from '@/api-client/http';
import { toast } from '@/lib/toasts';

import type { RuleList } from './switch-rule';

/** Drops a rule. */
export function useDeleteRule(list: RuleList) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => deleteOnly(`${list}/${encodeURIComponent(id)}`),
    onSuccess: async () => {
      toast('The rule is gone');
      await client.invalidateQueries({ queryKey: [list] });
    },
    onError: (error) => toast('The rule is as it was', { look: 'danger', detail: error.message }),
  });
}
