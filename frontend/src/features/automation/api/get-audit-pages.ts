import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { AuditEntry, List } from '@/api-client/types';

const PAGE = 100;

export const auditPagesOptions = () =>
  infiniteQueryOptions({
    queryKey: ['automation-audit'],
    queryFn: ({ signal, pageParam }) => getJson<List<AuditEntry>>('automation/audit', { limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    staleTime: 0,
  });

/** Who did what about automation, newest first. */
export const useAuditPages = () => useInfiniteQuery(auditPagesOptions());
