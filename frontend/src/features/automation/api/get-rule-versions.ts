import { queryOptions, useQuery } from '@tanstack/react-query';

import type { RuleVersion } from '@/api-client/automation-types';
import { getJson } from '@/api-client/http';
import type { List } from '@/api-client/types';

/** All that a rule was, newest first. */
export const ruleVersionsOptions = (id: string) =>
  queryOptions({
    queryKey: ['rule-versions', id],
    queryFn: ({ signal }) => getJson<List<RuleVersion>>(`automation/rules/${encodeURIComponent(id)}/versions`, {}, signal),
  });

export const useRuleVersions = (id: string) => useQuery(ruleVersionsOptions(id));
