import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { List, Series } from '@/api-client/types';

export interface SeriesQuery {
  match?: string;
  q?: string;
  from?: string;
  to?: string;
  limit?: number;
  /** When it was asked; not sent. */
  asOf: number;
}

export const seriesOptions = ({ asOf, ...query }: SeriesQuery) =>
  queryOptions({
    queryKey: ['series', query, asOf],
    queryFn: ({ signal }) => getJson<List<Series> & { total: number }>('metrics/series', query, signal),
    placeholderData: keepPreviousData,
  });

export const useSeries = (query: SeriesQuery) => useQuery(seriesOptions(query));
