import { queryOptions, useQuery } from '@tanstack/react-query';

import type { RunDetails } from '@/api-client/automation-types';
import { getJson } from '@/api-client/http';

export const fetchRun = (id: string, signal?: AbortSignal) => getJson<RunDetails>(`automation/runs/${encodeURIComponent(id)}`, {}, signal);

/** One run with its plan, what people said and what happened. */
export const runOptions = (id: string) =>
  queryOptions({
    queryKey: ['run', id],
    queryFn: ({ signal }) => fetchRun(id, signal),
    staleTime: 0,
  });

/** `everyMs`: how often it is asked again; `false` where a stream tells of it. */
export const useRun = (id: string, everyMs: number | false = false) => useQuery({ ...runOptions(id), refetchInterval: everyMs });
