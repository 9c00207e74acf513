import { queryOptions, useQuery } from '@tanstack/react-query';

import { fetchRuns } from '@/api-client/get-runs';
import { FINAL_STATES } from '@/lib/automation-words';

export const LAST_RUNS = 10;

/** The last runs of a rule that ended. */
export const ruleRunsOptions = (rule: string) =>
  queryOptions({
    queryKey: ['runs', 'of-rule', rule],
    queryFn: ({ signal }) => fetchRuns({ rule, state: FINAL_STATES }, { limit: LAST_RUNS }, signal),
  });

export const useRuleRuns = (rule: string) => useQuery(ruleRunsOptions(rule));
