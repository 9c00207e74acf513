import type { UseQueryResult } from '@tanstack/react-query';

import type { DataSource, List } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { SourceStatus } from '@/components/source-status';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatCount, formatRate } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useNow } from '@/lib/use-now';

const SHOWN = 8;

/** The data sources with what arrives from each. */
export function ReadingPanel({ sources }: { sources: UseQueryResult<List<DataSource>> }) {
  const items = [...(sources.data?.items ?? [])].sort((a, b) => b.records_per_second - a.records_per_second || b.records - a.records);
  return (
    <Panel
      title="What is being read"
      aside={
        <ViewLink to={PAGES.sources} className="text-xs text-accent hover:underline">
          {items.length > SHOWN ? `All ${items.length} sources` : 'Details'}
        </ViewLink>
      }
    >
      {sources.error && <Failure error={sources.error} retry={() => void sources.refetch()} />}
      {sources.isPending && <SkeletonLines count={4} label="Loading the sources" />}
      {sources.data && items.length === 0 && <p className="p-4 text-sm text-soft">Nothing yet. Send the first line with one of the ways below.</p>}
      <ul className="divide-y divide-line">
        {items.slice(0, SHOWN).map((source) => (
          <SourceRow key={source.name} source={source} />
        ))}
      </ul>
    </Panel>
  );
}

function SourceRow({ source }: { source: DataSource }) {
  const now = useNow(5);
  return (
    <li className="flex items-center gap-3 px-4 py-2">
      <SourceStatus status={source.status} />
      <div className="min-w-0 flex-1">
        <ViewLink to={PAGES.search} view={{ source: [source.name] }} className="block truncate text-sm font-medium hover:underline" title={source.name}>
          {source.name}
        </ViewLink>
        <p className="truncate text-xs text-faint" title={source.detail}>
          {source.status === 'error' ? source.detail : source.last_record_at ? `heard from ${formatAgo(source.last_record_at, now)}` : source.detail}
        </p>
      </div>
      <p className="text-right text-sm tabular-nums">
        {formatCount(source.records)}
        <span className="block text-xs text-faint">{formatRate(source.records_per_second)}</span>
      </p>
    </li>
  );
}
