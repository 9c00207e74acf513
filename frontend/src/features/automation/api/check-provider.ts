import { useMutation, useQueryClient } from '@tanstack/react-query';

import type { Provider } from '@/api-client/automation-types';
import { postJson } from '@/api-client/http';
import { toast } from '@/lib/toasts';

import { providersOptions } from './get-providers';

/** Asks a provider whether it is there and what we may do is enough. */
export function useCheckProvider() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (name: string) => postJson<Provider>(`automation/providers/${encodeURIComponent(name)}/check`, {}),
    onSuccess: (asked) => client.setQueryData(providersOptions().queryKey, (list) => list && { ...list, items: list.items.map((one) => (one.name === asked.name ? asked : one)) }),
    onError: (error, name) => toast(`${name} was not asked`, { look: 'danger', detail: error.message }),
  });
}
