import { useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useState } from 'react';

import type { LogRecord } from '@/api-client/types';
import type { LogFilters } from '@/lib/filters';

import { searchPageOptions } from './api/search-logs';
import { extendChain, FIRST_PAGE, isComplete, knownRows, pageOfRow } from './page-chain';

/** Grey rows shown below what is known while more is fetched. */
const ROWS_AHEAD = 50;

/**
 * A search's result as rows of a list. Only the pages around what is in sight are held; the others
 * are forgotten after a while and fetched again by their cursor, so a million rows cost no more
 * than a thousand.
 *
 * While a new search is under way the rows are still those of the old one, and `pending` is true.
 */
export function useRecordPages(wanted: LogFilters) {
  const first = useQuery(searchPageOptions(wanted, null));
  const [{ filters, chain }, setShown] = useState({ filters: wanted, chain: FIRST_PAGE });
  const [sight, setSight] = useState({ from: 0, to: 0 });
  if (first.data && filters !== wanted) {
    setShown({ filters: wanted, chain: FIRST_PAGE });
    setSight({ from: 0, to: 0 });
  }

  const last = chain.cursors.length - 1;
  const begin = Math.max(0, pageOfRow(chain, sight.from) - 1);
  const pages = Array.from({ length: Math.min(last, pageOfRow(chain, sight.to) + 1) - begin + 1 }, (_, index) => begin + index);
  const results = useQueries({
    queries: pages.map((page) => searchPageOptions(filters, chain.cursors[page] ?? null)),
  });

  const tail = isComplete(chain) ? undefined : results[pages.indexOf(last)];
  if (tail?.data && filters === wanted) {
    setShown({ filters, chain: extendChain(chain, tail.data.items.length, tail.data.next_cursor ?? null) });
  }

  const get = (row: number): LogRecord | undefined => {
    const page = pageOfRow(chain, row);
    return results[page - begin]?.data?.items[row - (chain.starts[page] ?? 0)];
  };
  const show = useCallback((from: number, to: number) => {
    setSight((old) => (old.from === from && old.to === to ? old : { from, to }));
  }, []);

  const known = knownRows(chain);
  return {
    /** The answer's head: counts, prototypes, notice. Of the old search while `pending`. */
    head: filters === wanted ? first.data : undefined,
    error: first.error,
    retry: () => void first.refetch(),
    loading: first.isPending && known === 0,
    pending: first.isFetching,
    known,
    complete: isComplete(chain),
    count: isComplete(chain) ? known : known + ROWS_AHEAD,
    get,
    show,
    failed: first.error ? undefined : results.find((result) => result.isError),
  };
}
