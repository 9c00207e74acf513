import { useMutation, useQueryClient } from '@tanstack/react-query';

import { deleteOnly, sendJson } from '@/api-client/http';
import type { Job } from '@/api-client/types';
import { toast } from '@/lib/toasts';

export type JobAction = 'cancel' | 'retry' | 'discard';

const DONE: Record<JobAction, string> = { cancel: 'The job is called off', retry: 'The job is tried again', discard: 'The job is removed' };

interface Wish {
  id: string;
  action: JobAction;
}

const act = async ({ id, action }: Wish): Promise<void> => {
  const path = `jobs/${encodeURIComponent(id)}`;
  if (action === 'discard') await deleteOnly(path);
  else await sendJson<Job>('POST', `${path}/${action}`);
};

/** Calls a job off, has it tried again, or removes it. */
export function useActOnJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: act,
    onSuccess: (_, { action }) => toast(DONE[action]),
    onError: (error) => toast('That was not done', { look: 'danger', detail: error.message }),
    onSettled: (_, __, { id }) => Promise.all([['jobs'], ['job', id]].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
}
