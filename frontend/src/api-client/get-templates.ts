import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';

import type { Severity } from '@/lib/severity';

import { getJson } from './http';
import type { List, Template } from './types';

export interface TemplatesQuery {
  from?: string;
  to?: string;
  asOf?: number;
  q?: string;
  source?: string[];
  severity?: Severity[];
  limit?: number;
  sort?: string;
}

export const templatesOptions = ({ asOf, ...query }: TemplatesQuery) =>
  queryOptions({
    queryKey: ['templates', query, asOf],
    queryFn: ({ signal }) => getJson<List<Template>>('logs/templates', query, signal),
    placeholderData: keepPreviousData,
  });

export const useTemplates = (query: TemplatesQuery) => useQuery(templatesOptions(query));
