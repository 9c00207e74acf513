import { queryOptions, useQuery } from '@tanstack/react-query';

import type { Me } from './automation-types';
import { getJson } from './http';

/** Who the server takes the reader for. */
export const meOptions = () =>
  queryOptions({
    queryKey: ['me'],
    queryFn: ({ signal }) => getJson<Me>('me', {}, signal),
    staleTime: 60_000,
  });

export const useMe = () => useQuery(meOptions());
