import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Run } from '@/api-client/automation-types';
import { postJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

export interface RunWish {
  action: 'cancel' | 'rollback';
  reason: string;
}

const DONE: Record<RunWish['action'], string> = { cancel: 'The run is being called off', rollback: 'What the run did is being undone' };

/** Calls a run off, or undoes what it did. */
export function useActOnRun(id: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ action, reason }: RunWish) => postJson<Run>(`automation/runs/${encodeURIComponent(id)}/${action}`, { reason: reason || undefined }),
    onSuccess: (_, { action }) => toast(DONE[action]),
    onSettled: () => Promise.all([['run', id], ['runs']].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
