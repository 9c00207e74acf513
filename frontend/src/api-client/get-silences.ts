import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { List, Silence } from './types';

const KEPT = 'now-30d';

/** Silences, those that ended in the last thirty days among them. */
export const silencesOptions = () =>
  queryOptions({
    queryKey: ['silences'],
    queryFn: ({ signal }) => getJson<List<Silence>>('silences', { ended_since: KEPT }, signal),
  });

export const useSilences = (enabled = true) => useQuery({ ...silencesOptions(), enabled, refetchInterval: 60_000 });
