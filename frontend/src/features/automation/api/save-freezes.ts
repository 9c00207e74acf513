import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { FreezeWish, Safety } from '@/api-client/automation-types';
import { safetyOptions } from '@/api-client/get-safety';
import { sendJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

/** Sets all times in which nothing begins. */
export function useSaveFreezes() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (freezes: readonly FreezeWish[]) => sendJson<Safety>('PUT', 'automation/freezes', { freezes: freezes.map(({ reason, starts_at, ends_at, recurrence }) => ({ reason, starts_at, ends_at, recurrence })) }),
    onSuccess: (safety) => client.setQueryData(safetyOptions().queryKey, safety),
    onError: (error) => toast('The freezes are as they were', { look: 'danger', detail: error.message }),
  });
}
