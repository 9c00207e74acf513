import { useDataSources } from '@/api-client/get-data-sources';
import { MissingStores } from '@/components/missing-stores';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatCount, formatRate, plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';

import { SourceTable } from './source-table';

/** Where lines come from, and whether they do. */
export default function SourcesPage() {
  const { data, error, isPending, refetch } = useDataSources();
  const items = data?.items ?? [];
  const rate = items.reduce((sum, source) => sum + source.records_per_second, 0);
  const total = items.reduce((sum, source) => sum + source.records, 0);
  const lead = data && `${plural(items.length, 'source')}, ${formatCount(total)} lines, ${formatRate(rate)} arriving`;
  return (
    <Page
      title="Sources"
      lead={lead}
      actions={
        <ViewLink to={PAGES.home} className="text-sm text-accent hover:underline">
          How to send more
        </ViewLink>
      }
    >
      <Panel>
        <MissingStores missing={data?.missing} />
        {error ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : isPending ? (
          <SkeletonLines count={8} label="Loading the sources" />
        ) : items.length === 0 ? (
          <Empty icon="sources" title="No sources yet">
            A source appears with its first line.
          </Empty>
        ) : (
          <SourceTable sources={items} />
        )}
      </Panel>
    </Page>
  );
}
