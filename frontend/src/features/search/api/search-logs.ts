import { queryOptions } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { SearchResult } from '@/api-client/types';
import type { LogFilters } from '@/lib/filters';

const PAGE_LINES = 200;
/** How long a page that is scrolled out of sight stays in memory. */
const KEPT_MS = 60_000;

export const searchPageOptions = ({ asOf, ...filters }: LogFilters, cursor: string | null) =>
  queryOptions({
    queryKey: ['search', filters, asOf, cursor],
    queryFn: ({ signal }) => getJson<SearchResult>('logs/search', { ...filters, limit: PAGE_LINES, cursor }, signal),
    staleTime: Infinity,
    gcTime: KEPT_MS,
  });
