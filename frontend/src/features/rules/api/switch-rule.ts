import { useMutation, useQueryClient } from '@tanstack/react-query';

import { sendJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

export type RuleList = 'alert-rules' | 'classification-rules';

/** Switches a rule on or off. */
export function useSwitchRule(list: RuleList) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ id, isOn }: { id: string; isOn: boolean }) => sendJson('POST', `${list}/${encodeURIComponent(id)}/${isOn ? 'enable' : 'disable'}`),
    onSettled: () => client.invalidateQueries({ queryKey: [list] }),
    onError: (error) => toast('The rule is as it was', { look: 'danger', detail: error.message }),
  });
}
