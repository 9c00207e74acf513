import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { ClassificationRule, List } from '@/api-client/types';

export const classificationRulesOptions = () =>
  queryOptions({
    queryKey: ['classification-rules'],
    queryFn: ({ signal }) => getJson<List<ClassificationRule>>('classification-rules', {}, signal),
  });

/** All rules of the catalogue, by id. */
export const useClassificationRules = () => useQuery(classificationRulesOptions());
