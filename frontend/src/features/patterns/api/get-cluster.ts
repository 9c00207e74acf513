import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { ClusterDetail } from '@/api-client/types';
import type { TimeRange } from '@/lib/time-range';

type Range = TimeRange & { asOf: number };

export const clusterOptions = (id: string, { asOf, ...range }: Range) =>
  queryOptions({
    queryKey: ['cluster', id, range, asOf],
    queryFn: ({ signal }) => getJson<ClusterDetail>(`logs/clusters/${encodeURIComponent(id)}`, { ...range }, signal),
  });

export const useCluster = (id: string, range: Range) => useQuery(clusterOptions(id, range));
