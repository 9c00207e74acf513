import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { DataSource, List } from './types';

export const dataSourcesOptions = queryOptions({
  queryKey: ['data-sources'],
  queryFn: ({ signal }) => getJson<List<DataSource>>('data-sources', {}, signal),
  refetchInterval: 5000,
});

export const useDataSources = () => useQuery(dataSourcesOptions);
