import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import { showChanged } from '@/api-client/live-alerts';
import type { BulkAction, BulkAnswer } from '@/api-client/types';
import type { AlertSeverity } from '@/lib/alert-words';

export interface Wish {
  ids: string[];
  action: BulkAction;
  assignee?: string | null;
  severity?: AlertSeverity;
  text?: string;
  /** Such as `now+1h`; null for no longer. */
  until?: string | null;
}

const AT_ONCE_MAX = 1000;

async function act({ ids, ...wish }: Wish): Promise<BulkAnswer> {
  const answers: BulkAnswer[] = [];
  for (let start = 0; start < ids.length; start += AT_ONCE_MAX) {
    answers.push(await postJson<BulkAnswer>('alerts/bulk', { ...wish, ids: ids.slice(start, start + AT_ONCE_MAX) }));
  }
  return { done: answers.reduce((sum, { done }) => sum + done, 0), items: answers.flatMap(({ items }) => items) };
}

/** Does something with one alert or many, and says for each what came of it. */
export function useActOnAlerts() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: ({ items }, { ids }) => {
      showChanged(items.flatMap(({ alert }) => (alert ? [alert] : [])));
      for (const id of ids) void client.invalidateQueries({ queryKey: ['alert', id] });
      void client.invalidateQueries({ queryKey: ['alert-summary'] });
      void client.invalidateQueries({ queryKey: ['incidents'] });
    },
  });
}
