import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { LogContext } from '@/api-client/types';

export const contextOptions = (id: string, before: number, after: number) =>
  queryOptions({
    queryKey: ['context', id, before, after],
    queryFn: ({ signal }) => getJson<LogContext>(`logs/${encodeURIComponent(id)}/context`, { before, after }, signal),
    placeholderData: (previous, query) => (query?.queryKey[1] === id ? keepPreviousData(previous) : undefined),
  });

export const useContextLines = (id: string, before: number, after: number) => useQuery(contextOptions(id, before, after));
