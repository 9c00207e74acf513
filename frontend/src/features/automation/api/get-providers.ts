import { queryOptions, useQuery } from '@tanstack/react-query';

import type { Provider } from '@/api-client/automation-types';
import { getJson } from '@/api-client/http';
import type { List } from '@/api-client/types';

/** Where actions are carried out, and how that is. Each is asked for it. */
export const providersOptions = () =>
  queryOptions({
    queryKey: ['automation-providers'],
    queryFn: ({ signal }) => getJson<List<Provider>>('automation/providers', {}, signal),
  });

export const useProviders = () => useQuery(providersOptions());
