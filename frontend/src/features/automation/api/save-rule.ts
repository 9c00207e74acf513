import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { AutomationRule } from '@/api-client/automation-types';
import { sendText } from '@/api-client/http';
import { toast } from '@/lib/toasts';

/** Takes up a rule as it is written, in place of the one with its id. */
export function useSaveRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, yaml }: { id: string; yaml: string }) => sendText<AutomationRule>('PUT', `automation/rules/${encodeURIComponent(id)}`, yaml, 'application/yaml'),
    onSuccess: async ({ id, version }) => {
      toast(`${id} is at work as version ${version}`);
      await Promise.all(['automation-rules', 'rule-versions', 'automation-test'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
}
