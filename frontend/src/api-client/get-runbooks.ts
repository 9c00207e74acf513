import { queryOptions, useQuery } from '@tanstack/react-query';

import type { Runbook } from './copilot-types';
import { getJson } from './http';
import type { List } from './types';

/** What to do about each type of failure. */
export const runbooksOptions = () =>
  queryOptions({
    queryKey: ['runbooks'],
    queryFn: ({ signal }) => getJson<List<Runbook>>('runbooks', {}, signal),
  });

export const useRunbooks = () => useQuery(runbooksOptions());
