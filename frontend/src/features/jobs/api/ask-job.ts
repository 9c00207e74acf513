import { useMutation, useQueryClient } from '@tanstack/react-query';

import { postJson } from '@/api-client/http';
import type { Job } from '@/api-client/types';

export interface JobWish {
  kind: string;
  parameters: Record<string, unknown>;
}

/** Asks for a job; an equal one that is unfinished is answered instead. */
export function useAskJob() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (wish: JobWish) => postJson<{ job: Job }>('jobs', wish),
    onSettled: () => client.invalidateQueries({ queryKey: ['jobs'] }),
  });
}
