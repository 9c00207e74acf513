import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Job, List } from '@/api-client/types';

const isActive = (job: Job) => job.status === 'queued' || job.status === 'running';

export const jobsOptions = queryOptions({
  queryKey: ['jobs'],
  queryFn: ({ signal }) => getJson<List<Job>>('jobs', {}, signal),
  staleTime: 0,
  refetchInterval: (query) => (query.state.data?.items.some(isActive) ? 1000 : 10_000),
});

export const useJobs = () => useQuery(jobsOptions);
