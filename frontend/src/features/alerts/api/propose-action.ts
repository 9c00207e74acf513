import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Run } from '@/api-client/automation-types';
import { postJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

/** Proposes what a rule says for an alert. Whether someone must agree to it is as the rule says. */
export function useProposeAction(alert: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rule: string) => postJson<Run>(`automation/rules/${encodeURIComponent(rule)}/propose`, { alert }),
    onSuccess: async () => {
      toast('The action is proposed');
      await client.invalidateQueries({ queryKey: ['runs'] });
    },
  });
}
