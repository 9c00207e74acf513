import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { SimilarLogs } from '@/api-client/types';

const LINES = 50;

export const similarOptions = (id: string) =>
  queryOptions({
    queryKey: ['similar', id],
    queryFn: ({ signal }) => getJson<SimilarLogs>(`logs/${encodeURIComponent(id)}/similar`, { limit: LINES }, signal),
  });

export const useSimilar = (id: string) => useQuery(similarOptions(id));
