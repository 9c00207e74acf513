import type { ReactNode } from 'react';

import type { SearchResult } from '@/api-client/types';
import { Button, IconButton } from '@/components/ui/button';
import type { LogFilters } from '@/lib/filters';
import { formatCount, formatTook } from '@/lib/format';
import { useWrap } from '@/lib/stored';
import { useView } from '@/lib/use-view';

import { ExportMenu } from './export-menu';

interface Props {
  head?: SearchResult;
  pending: boolean;
  filters: LogFilters;
  actions?: ReactNode;
  onFacets?: () => void;
}

/** How much was found and how fast, and what can be done with all of it. */
export function ResultBar({ head, pending, filters, actions, onFacets }: Props) {
  const [view, setView] = useView();
  const [wrap, setWrap] = useWrap();
  return (
    <div className="relative flex min-h-10 shrink-0 items-center gap-x-1 border-b border-line bg-surface px-3 py-1">
      {pending && <span aria-hidden="true" className="absolute inset-x-0 bottom-0 h-0.5 animate-pulse bg-accent" />}
      <p role="status" className="mr-auto text-sm text-soft tabular-nums">
        {head ? (
          <>
            <strong className="font-semibold text-ink">{formatCount(head.total ?? 0)}</strong> {head.total === 1 ? 'line' : 'lines'}
            <span className="text-faint"> · {formatTook(head.took_ms)}</span>
          </>
        ) : pending ? (
          'Searching…'
        ) : null}
      </p>
      {onFacets && <IconButton label="Filter by field" icon="filter" onClick={onFacets} />}
      {filters.mode === 'text' && (
        <Button look="quiet" icon="sort" title="Turn the order round" onClick={() => setView({ order: view.order ? undefined : 'oldest' })}>
          {view.order ? 'Oldest first' : 'Newest first'}
        </Button>
      )}
      <IconButton label="Wrap long lines" icon="wrap" aria-pressed={wrap === 'on'} className={wrap === 'on' ? 'bg-chosen' : ''} onClick={() => setWrap(wrap === 'on' ? 'off' : 'on')} />
      <ExportMenu filters={filters} head={head} />
      {actions}
    </div>
  );
}
