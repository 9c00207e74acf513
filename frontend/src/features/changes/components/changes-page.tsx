import { FilterField } from '@/components/filter-field';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useRange } from '@/lib/anchor';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useChanges } from '../api/get-changes';

import { ChangeTable } from './change-table';

const KINDS = ['', 'deploy', 'config', 'scaling', 'restart', 'run', 'other'].map((value) => ({ value, label: value === '' ? 'Any kind' : value }));

/** What people did: the first suspects when something breaks. */
export default function ChangesPage() {
  const [view, setView] = useView();
  const { from, to, asOf } = useRange();
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useChanges({ entity: view.entity, kind: view.kind, q: view.q, from, to, asOf });
  const changes = data?.pages.flatMap(({ items }) => items) ?? [];
  const isNarrowed = Boolean(view.q ?? view.kind ?? view.entity);
  return (
    <Page
      title="Changes"
      lead="Deploys, configuration, scaling and restarts: told by programs, or found in the logs."
      actions={
        <>
          <FilterField label="Filter by words" />
          <Select label="Kind of change" value={view.kind ?? ''} choices={KINDS} onChange={(kind) => setView({ kind: kind || undefined })} />
          {view.entity && (
            <Button icon="close" onClick={() => setView({ entity: undefined })}>
              Only {view.entity}
            </Button>
          )}
        </>
      }
    >
      <Panel className={isPlaceholderData ? 'opacity-60' : ''}>
        {error && !data && <Failure error={error} retry={() => void refetch()} />}
        {isPending && <SkeletonLines count={8} label="Loading the changes" />}
        {data && changes.length === 0 && (
          <Empty icon="change" title="No change" actions={isNarrowed && <Button onClick={() => setView({ q: undefined, kind: undefined, entity: undefined })}>Clear the filters</Button>}>
            {isNarrowed ? 'None fits the filters in this time range.' : 'Nothing is known to have been changed in this time range. A deploy can be told with POST /api/v1/changes.'}
          </Empty>
        )}
        {changes.length > 0 && <ChangeTable changes={changes} marked={view.change} onEntity={(entity) => setView({ entity })} />}
        {data && (
          <p className="flex items-center gap-3 px-4 py-2 text-xs text-faint">
            {plural(changes.length, 'change')}
            {hasNextPage && (
              <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
                Show more
              </Button>
            )}
          </p>
        )}
      </Panel>
    </Page>
  );
}
