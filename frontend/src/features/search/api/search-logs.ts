import { queryOptions } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { SearchResult } from '@/api-client/types';
import type { LogFilters } from '@/lib/filters';

/** Few at first, to show something at once; then as many as the server gives at a time. */
const FIRST_LINES = 200;
const FURTHER_LINES = 1000;
/** How long a page that is out of sight stays in memory; the first is wanted again on the way back. */
const FIRST_KEPT_MS = 120_000;
const FURTHER_KEPT_MS = 10_000;

export const searchPageOptions = ({ asOf, ...filters }: LogFilters, cursor: string | null) =>
  queryOptions({
    queryKey: ['search', filters, asOf, cursor],
    queryFn: ({ signal }) => getJson<SearchResult>('logs/search', { ...filters, limit: cursor === null ? FIRST_LINES : FURTHER_LINES, cursor }, signal),
    staleTime: Infinity,
    gcTime: cursor === null ? FIRST_KEPT_MS : FURTHER_KEPT_MS,
  });
