import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Facet, List } from '@/api-client/types';
import type { LogFilters } from '@/lib/filters';

export const facetsOptions = ({ asOf, q, mode, from, to }: LogFilters) => {
  // Words that are meant, not matched, do not narrow the counts.
  const words = mode === 'text' ? q : undefined;
  return queryOptions({
    queryKey: ['fields', { words, from, to }, asOf],
    queryFn: ({ signal }) => getJson<List<Facet>>('logs/fields', { q: words, from, to }, signal),
    staleTime: Infinity,
    placeholderData: keepPreviousData,
  });
};

export const useFacets = (filters: LogFilters) => useQuery(facetsOptions(filters));
