import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { AutomationRule } from '@/api-client/automation-types';
import { sendJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

export interface RuleChange {
  id: string;
  enabled?: boolean;
  dry_run?: boolean;
  cooldown_secs?: number;
}

/** Switches a rule, or what is switched most often about it. */
export function useChangeRule() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, ...change }: RuleChange) => sendJson<AutomationRule>('PATCH', `automation/rules/${encodeURIComponent(id)}`, change),
    onSettled: () => Promise.all(['automation-rules', 'rule-versions'].map((key) => client.invalidateQueries({ queryKey: [key] }))),
    onError: (error) => toast('The rule is as it was', { look: 'danger', detail: error.message }),
  });
}
