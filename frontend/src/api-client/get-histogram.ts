import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Histogram } from '@/api-client/types';
import type { LogFilters } from '@/lib/filters';

const BUCKETS = 90;

/** Severities are left out of the question: the chart's legend shows what choosing one would bring. */
export const histogramOptions = ({ asOf, q, from, to, source, host, template }: LogFilters) =>
  queryOptions({
    queryKey: ['histogram', { q, from, to, source, host, template }, asOf],
    queryFn: ({ signal }) =>
      getJson<Histogram>('logs/histogram', { q, from, to, source, host, template, buckets: BUCKETS }, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });

export const useHistogram = (filters: LogFilters, enabled: boolean) =>
  useQuery({ ...histogramOptions(filters), enabled });
