import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Safety } from '@/api-client/automation-types';
import { safetyOptions } from '@/api-client/get-safety';
import { postJson } from '@/api-client/http';

/** Stops everything at once: nothing begins, and what goes on is called off. */
export function useStopAll() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (reason: string) => postJson<Safety>('automation/stop', { reason }),
    onSuccess: async (safety) => {
      client.setQueryData(safetyOptions().queryKey, safety);
      await Promise.all(['runs', 'run'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
}
