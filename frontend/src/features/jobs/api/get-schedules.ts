import { useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { JobSchedule, List } from '@/api-client/types';

export const useSchedules = () => useQuery({ queryKey: ['job-schedules'], queryFn: ({ signal }) => getJson<List<JobSchedule>>('jobs/schedules', {}, signal), staleTime: 0, refetchInterval: 10_000 });
