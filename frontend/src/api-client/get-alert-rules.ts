import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { AlertRule, List } from './types';

export const alertRulesOptions = () =>
  queryOptions({
    queryKey: ['alert-rules'],
    queryFn: ({ signal }) => getJson<List<AlertRule>>('alert-rules', {}, signal),
  });

/** All alert rules, by id. */
export const useAlertRules = (enabled = true) => useQuery({ ...alertRulesOptions(), enabled });
