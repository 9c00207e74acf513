import { queryOptions, useQuery } from '@tanstack/react-query';

import type { Runbook } from '@/api-client/copilot-types';
import { getJson } from '@/api-client/http';
import type { List } from '@/api-client/types';

/** What to do about each type of failure. */
export const runbooksOptions = () =>
  queryOptions({
    queryKey: ['runbooks'],
    queryFn: ({ signal }) => getJson<List<Runbook>>('runbooks', {}, signal),
  });

export const useRunbooks = () => useQuery(runbooksOptions());
