import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { Why } from './types';

/** Why a rule fired at a time, or did not. */
export const whyOptions = (rule: string, at: string | undefined) =>
  queryOptions({
    queryKey: ['why', rule, at],
    queryFn: ({ signal }) => getJson<Why>(`alert-rules/${encodeURIComponent(rule)}/why`, { at }, signal),
  });

export const useWhy = (rule: string, at: string | undefined, enabled = true) => useQuery({ ...whyOptions(rule, at), enabled });
