import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';

import { getJson } from '@/api-client/http';
import type { Decision, List } from '@/api-client/types';
import type { AlertSeverity } from '@/lib/alert-words';
import type { DecisionAction } from '@/lib/ticket-words';

import { refreshOf } from '../refresh';

const PAGE = 100;

/** Which decisions; the names are the API's. */
export interface DecisionFilter {
  action?: DecisionAction[];
  severity?: AlertSeverity[];
  alert?: string;
  q?: string;
  from?: string;
  to?: string;
}

/** `asOf` tells one refresh from the next. */
export const decisionPagesOptions = (filter: DecisionFilter, asOf: number) =>
  infiniteQueryOptions({
    queryKey: ['decisions', filter, asOf],
    queryFn: ({ signal, pageParam }) => getJson<List<Decision>>('tickets/decisions', { ...filter, limit: PAGE, cursor: pageParam }, signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    placeholderData: keepPreviousData,
    staleTime: 0,
  });

/** All decisions that a filter leaves, newest first, page by page. */
export const useDecisionPages = (filter: DecisionFilter, asOf: number) =>
  useInfiniteQuery({ ...decisionPagesOptions(filter, asOf), refetchInterval: ({ state }) => refreshOf(state.data?.pages.length) });
