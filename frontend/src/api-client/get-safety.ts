import { queryOptions, useQuery } from '@tanstack/react-query';

import type { Safety } from './automation-types';
import { getJson } from './http';

/** How much automation may do, whether it is stopped, and when nothing begins. */
export const safetyOptions = () =>
  queryOptions({
    queryKey: ['automation-safety'],
    queryFn: ({ signal }) => getJson<Safety>('automation/safety', {}, signal),
  });

export const useSafety = () => useQuery({ ...safetyOptions(), refetchInterval: 15_000 });
