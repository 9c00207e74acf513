import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { Anomaly, List } from './types';

export interface AnomaliesQuery {
  series?: string;
  q?: string;
  from?: string;
  to?: string;
  detector?: string;
  score_min?: number;
  /** Only those that last. */
  open?: boolean;
  limit?: number;
  /** When it was asked; not sent. */
  asOf?: number;
}

export const anomaliesOptions = ({ asOf, ...query }: AnomaliesQuery) =>
  queryOptions({
    queryKey: ['anomalies', query, asOf],
    queryFn: ({ signal }) => getJson<List<Anomaly>>('metrics/anomalies', { ...query }, signal),
    placeholderData: keepPreviousData,
  });

export const useAnomalies = (query: AnomaliesQuery) => useQuery(anomaliesOptions(query));
