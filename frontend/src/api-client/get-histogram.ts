import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import type { LogFilters } from '@/lib/filters';

import { getJson } from './http';
import type { Histogram } from './types';

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
