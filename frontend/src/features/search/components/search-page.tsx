import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';

import { useRememberRecord } from '@/api-client/get-record';
import type { LogRecord } from '@/api-client/types';
import { RecordList, type ListHandle } from '@/components/log/record-list';
import { useListKeys } from '@/components/log/use-list-keys';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useAnchor, useRange } from '@/lib/anchor';
import { filtersOf, type LogFilters } from '@/lib/filters';
import { useMedia, useNarrow } from '@/lib/use-media';
import { useView } from '@/lib/use-view';

import { useRecordPages } from '../use-record-pages';

import { FacetPanel } from './facet-panel';
import { FilterChips } from './filter-chips';
import { HistogramPanel } from './histogram-panel';
import { ListFooter } from './list-footer';
import { NoResults } from './no-results';
import { PrototypeStrip } from './prototype-strip';
import { QueryBar } from './query-bar';
import { ResultBar } from './result-bar';
import { SearchFailure } from './search-failure';

/** Search: the question above, lines over time below it, then the lines themselves. */
export default function SearchPage({ actions }: { actions?: ReactNode }) {
  const [view, setView] = useView();
  const range = useRange();
  const filters = useMemo(() => filtersOf(view, range), [view, range]);
  const searched = useStable(filters);
  const pages = useRecordPages(searched);
  const narrow = useNarrow();
  const wide = useMedia('(min-width: 1536px)');
  const [facetsOpen, setFacetsOpen] = useState(false);
  const [cursor, setCursor] = useState<string>();
  const list = useRef<ListHandle>(null);
  const remember = useRememberRecord();
  const { setReading } = useAnchor();
  const onScroll = useCallback((element: HTMLElement) => setReading(element.scrollTop > 0), [setReading]);
  // Newer lines come in at the top; somebody who asks for them is taken there.
  useEffect(() => list.current?.scrollToOffset(0), [searched]);
  useEffect(() => () => setReading(false), [searched, setReading]);

  const open = useCallback(
    (record: LogRecord, replace = false) => {
      setCursor(record.id);
      remember(record);
      setView({ record: record.id }, { replace });
    },
    [remember, setView],
  );
  const onOpen = useCallback((record: LogRecord) => open(record), [open]);

  const selected = view.record ?? cursor;
  const [position, setPosition] = useState(-1);
  useListKeys({
    list,
    count: pages.count,
    get: pages.get,
    current: pages.get(position)?.id === selected ? position : indexOf(pages.get, pages.known, selected),
    onMove: (index) => {
      const record = pages.get(index);
      if (!record) return;
      setPosition(index);
      setCursor(record.id);
      if (view.record) open(record, true);
    },
    onOpen: (index) => {
      const record = pages.get(index);
      if (record) open(record);
    },
  });

  // Beside an open record there is room for the fields on a wide screen only.
  const docked = !narrow && (wide || !view.record);
  const showFacets = docked || facetsOpen;
  const empty = pages.head && pages.complete && pages.known === 0;
  return (
    <div className="flex h-full min-h-0 flex-col">
      <h1 className="sr-only">Search the logs</h1>
      <div className="shrink-0 border-b border-line bg-surface">
        <QueryBar notice={pages.head?.notice} />
        <FilterChips />
        <HistogramPanel filters={searched} head={pages.head} failed={pages.error !== null} />
      </div>
      <div className="flex min-h-0 flex-1">
        {showFacets && <FacetPanel filters={searched} onClose={docked ? undefined : () => setFacetsOpen(false)} />}
        <section aria-label="Results" className="flex min-w-0 flex-1 flex-col">
          {pages.head?.prototypes && <PrototypeStrip prototypes={pages.head.prototypes} />}
          <ResultBar head={pages.head} pending={pages.pending} filters={searched} actions={actions} onFacets={docked ? undefined : () => setFacetsOpen(true)} />
          <div className={`min-h-0 flex-1 transition-opacity ${pages.pending && !pages.loading ? 'opacity-60' : ''}`}>
            {pages.error ? (
              <SearchFailure error={pages.error} retry={pages.retry} />
            ) : pages.loading ? (
              <SkeletonLines count={14} label="Searching" />
            ) : empty ? (
              <NoResults />
            ) : (
              <RecordList
                key={listKey(searched)}
                label="Log lines"
                count={pages.count}
                get={pages.get}
                selected={selected}
                onOpen={onOpen}
                onSight={pages.show}
                onScroll={onScroll}
                handle={list}
                footer={<ListFooter pages={pages} />}
              />
            )}
          </div>
        </section>
      </div>
    </div>
  );
}

function indexOf(get: (index: number) => LogRecord | undefined, known: number, id: string | undefined) {
  if (id === undefined) return -1;
  for (let index = 0; index < known; index += 1) if (get(index)?.id === id) return index;
  return -1;
}

/** A new search makes a new list; a refresh of the same one keeps the lines that are unfolded. */
const listKey = (filters: LogFilters) => JSON.stringify({ ...filters, asOf: 0, from: '', to: '' });

/** The same object as long as its content is the same: opening a record is no new search. */
function useStable<T extends object>(value: T): T {
  const text = JSON.stringify(value);
  return useMemo(() => JSON.parse(text) as T, [text]);
}
