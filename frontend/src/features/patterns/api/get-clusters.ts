import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Cluster, List } from '@/api-client/types';
import type { TimeRange } from '@/lib/time-range';

export interface ClustersQuery extends TimeRange {
  asOf: number;
  q?: string;
  source?: string[];
}

export const clustersOptions = ({ asOf, ...query }: ClustersQuery) =>
  queryOptions({
    queryKey: ['clusters', query, asOf],
    queryFn: ({ signal }) => getJson<List<Cluster> & { took_ms: number }>('logs/clusters', { ...query }, signal),
    placeholderData: keepPreviousData,
  });

export const useClusters = (query: ClustersQuery) => useQuery(clustersOptions(query));
