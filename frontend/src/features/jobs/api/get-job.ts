import { useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Job } from '@/api-client/types';

import { isActive } from '../job-text';

/** One job, asked for again each second while it goes on. */
export const useJob = (id: string) =>
  useQuery({
    queryKey: ['job', id],
    queryFn: ({ signal }) => getJson<Job>(`jobs/${encodeURIComponent(id)}`, {}, signal),
    staleTime: 0,
    refetchInterval: ({ state }) => (state.data && isActive(state.data) ? 1000 : 10_000),
  });
