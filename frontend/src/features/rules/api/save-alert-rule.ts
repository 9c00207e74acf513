import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import type { AlertRule } from '@/api-client/types';
import { toast } from '@/lib/toasts';

/** Makes a rule, or changes the one with this id. */
export function useSaveAlertRule(id: string | undefined) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (rule: AlertRule) => (id === undefined ? sendJson<AlertRule>('POST', 'alert-rules', rule) : sendJson<AlertRule>('PUT', `alert-rules/${encodeURIComponent(id)}`, rule)),
    onSuccess: async () => {
      toast('The rule is kept');
      await client.invalidateQueries({ queryKey: ['alert-rules'] });
    },
  });
}
