import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';

import type { LedgerEntry } from '@/api-client/copilot-types';
import { getJson } from '@/api-client/http';
import type { List } from '@/api-client/types';

const PAGE = 100;

export const ledgerOptions = infiniteQueryOptions({
  queryKey: ['ledger'],
  queryFn: ({ signal, pageParam }) => getJson<List<LedgerEntry>>('copilot/ledger', { limit: PAGE, cursor: pageParam }, signal),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next_cursor ?? null,
  staleTime: 0,
});

/** What was sent to models, the newest first. */
export const useLedger = () => useInfiniteQuery(ledgerOptions);
