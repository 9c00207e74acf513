import { queryOptions, useQuery } from '@tanstack/react-query';

import { getJson } from './http';
import type { DataSources } from './types';

export const dataSourcesOptions = queryOptions({
  queryKey: ['data-sources'],
  queryFn: ({ signal }) => getJson<DataSources>('data-sources', {}, signal),
  refetchInterval: 5000,
});

export const useDataSources = () => useQuery(dataSourcesOptions);
