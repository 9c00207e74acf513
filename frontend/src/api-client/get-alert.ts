import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { AlertDetail } from './types';

/** One alert with what happened to it. */
export const alertOptions = (id: string) =>
  queryOptions({
    queryKey: ['alert', id],
    queryFn: ({ signal }) => getJson<AlertDetail>(`alerts/${encodeURIComponent(id)}`, {}, signal),
  });

export const useAlert = (id: string) => useQuery(alertOptions(id));
