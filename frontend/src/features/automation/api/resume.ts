import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Safety } from '@/api-client/automation-types';
import { safetyOptions } from '@/api-client/get-safety';
import { postJson } from '@/api-client/http';

/** Lets things begin again. */
export function useResume() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => postJson<Safety>('automation/resume', {}),
    onSuccess: async (safety) => {
      client.setQueryData(safetyOptions().queryKey, safety);
      await Promise.all(['runs', 'run'].map((key) => client.invalidateQueries({ queryKey: [key] })));
    },
  });
}
