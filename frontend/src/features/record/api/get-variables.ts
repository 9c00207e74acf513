import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { List, VariableValues } from '@/api-client/types';
import type { TimeRange } from '@/lib/time-range';

type Range = TimeRange & { asOf: number };

export const variablesOptions = (id: string, { asOf, ...range }: Range) =>
  queryOptions({
    queryKey: ['variables', id, range, asOf],
    queryFn: ({ signal }) => getJson<List<VariableValues>>(`logs/templates/${encodeURIComponent(id)}/variables`, { ...range }, signal),
  });

export const useVariables = (id: string, range: Range) => useQuery(variablesOptions(id, range));
