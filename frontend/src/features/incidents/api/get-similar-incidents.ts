import { useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { SimilarIncidents } from '@/api-client/types';

/** Incidents before one that are like it. */
export const useSimilarIncidents = (id: string) =>
  useQuery({
    queryKey: ['incident', id, 'similar'],
    queryFn: ({ signal }) => getJson<SimilarIncidents>(`incidents/${encodeURIComponent(id)}/similar`, {}, signal),
  });
