import { queryOptions, useQuery } from '@tanstack/react-query';

import type { Run } from '@/api-client/automation-types';

import { fetchRun } from './get-run';

/** How dangerous the plan of a run is. A plan is never changed, so this is asked once for each. */
export const runRiskOptions = ({ id, plan }: Pick<Run, 'id' | 'plan'>) =>
  queryOptions({
    queryKey: ['run-risk', id, plan],
    queryFn: async ({ signal }) => (await fetchRun(id, signal)).plan_details?.risk.level ?? null,
    staleTime: Infinity,
  });

export const useRunRisk = (run: Run, enabled: boolean) => useQuery({ ...runRiskOptions(run), enabled: enabled && typeof run.plan === 'string' });
