import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { AuditEntry, List } from '@/api-client/types';

const PAGE = 100;

export const auditOptions = infiniteQueryOptions({
  queryKey: ['audit'],
  queryFn: ({ signal, pageParam }) => getJson<List<AuditEntry>>('audit', { limit: PAGE, cursor: pageParam }, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor ?? null,
  staleTime: 0,
});

export const useAudit = () => useInfiniteQuery(auditOptions);
