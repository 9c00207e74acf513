import { queryOptions, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';

import { getJson } from './http';
import type { LogRecord } from './types';

/** A record never changes, so one that a list has brought need not be fetched again. */
export const recordOptions = (id: string) =>
  queryOptions({
    queryKey: ['record', id],
    queryFn: ({ signal }) => getJson<LogRecord>(`logs/${encodeURIComponent(id)}`, {}, signal),
    staleTime: Infinity,
  });

export const useRecord = (id: string) => useQuery(recordOptions(id));

export function useRememberRecord() {
  const client = useQueryClient();
  return useCallback((record: LogRecord) => client.setQueryData(recordOptions(record.id).queryKey, record), [client]);
}
