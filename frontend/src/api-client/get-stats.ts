import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { Stats } from './types';

export const statsOptions = queryOptions({
  queryKey: ['stats'],
  queryFn: ({ signal }) => getJson<Stats>('stats', {}, signal),
  refetchInterval: 5000,
});

export const useStats = () => useQuery(statsOptions);
