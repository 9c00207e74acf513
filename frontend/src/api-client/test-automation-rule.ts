import { queryOptions, useQuery } from '@tanstack/react-query';

import type { ActionTest } from './automation-types';
import { postJson } from './http';

/** A rule that there is, or one that is being written. */
export type RuleWish = { rule: string } | { yaml: string };

/** Says what a rule makes of an alert. Nothing is done. */
export const testAutomationRule = (wish: RuleWish & { alert: string }) => postJson<ActionTest>('automation/rules/test', wish);

export const ruleTestOptions = (rule: string, alert: string) =>
  queryOptions({
    queryKey: ['automation-test', rule, alert],
    queryFn: () => testAutomationRule({ rule, alert }),
    staleTime: 0,
  });

export const useRuleTest = (rule: string, alert: string) => useQuery({ ...ruleTestOptions(rule, alert), enabled: rule !== '' });
