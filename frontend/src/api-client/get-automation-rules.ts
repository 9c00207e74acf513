import { queryOptions, useQuery } from '@tanstack/react-query';

import type { AutomationRule } from './automation-types';
import { getJson } from './http';
import type { List } from './types';

/** All rules that propose something, by id. */
export const automationRulesOptions = () =>
  queryOptions({
    queryKey: ['automation-rules'],
    queryFn: ({ signal }) => getJson<List<AutomationRule>>('automation/rules', {}, signal),
  });

export const useAutomationRules = (enabled = true) => useQuery({ ...automationRulesOptions(), enabled });
