import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { TemplateDetail } from '@/api-client/types';
import type { TimeRange } from '@/lib/time-range';

type Range = TimeRange & { asOf: number };

export const templateOptions = (id: string, { asOf, ...range }: Range) =>
  queryOptions({
    queryKey: ['template', id, range, asOf],
    queryFn: ({ signal }) => getJson<TemplateDetail>(`logs/templates/${encodeURIComponent(id)}`, { ...range }, signal),
  });

export const useTemplate = (id: string, range: Range) => useQuery(templateOptions(id, range));
