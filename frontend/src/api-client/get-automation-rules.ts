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

/** Gives what people call a rule, by its id. */
export function useRuleNames(): (id: string) => string {
  const { data } = useAutomationRules();
  return (id) => data?.items.find((rule) => rule.id === id)?.name || id;
}
