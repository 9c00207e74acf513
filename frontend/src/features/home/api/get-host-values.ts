import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';

/** One series with its value now, as Prometheus writes it. */
export interface InstantValue {
  metric: Record<string, string>;
  value: [number, string];
}

interface Vector {
  data: { result: InstantValue[] };
}

const NAMES = ['host_cpu_used_ratio', 'host_cpu_cores', 'host_memory_used_ratio', 'host_swap_used_ratio', 'host_filesystem_used_ratio', 'node_load1'];

/** What the collector of each host said last, in one question. */
export const hostValuesOptions = queryOptions({
  queryKey: ['host-values'],
  queryFn: async ({ signal }) => (await getJson<Vector>('query', { query: `{__name__=~"${NAMES.join('|')}"}` }, signal)).data.result,
  refetchInterval: 10_000,
});

export const useHostValues = () => useQuery(hostValuesOptions);
