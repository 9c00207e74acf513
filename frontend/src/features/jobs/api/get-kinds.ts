import { useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { JobKind, List } from '@/api-client/types';

/** The kinds of jobs that can be asked for; they stay as they are while a server runs. */
export const useJobKinds = () => useQuery({ queryKey: ['job-kinds'], queryFn: ({ signal }) => getJson<List<JobKind>>('jobs/kinds', {}, signal), staleTime: 60_000 });
