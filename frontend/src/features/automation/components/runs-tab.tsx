import { useMemo } from 'react';

import { useAutomationRules } from '@/api-client/get-automation-rules';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useRange } from '@/lib/anchor';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useRunPages } from '../api/get-run-pages';
import { ALL_RUNS, narrowsRuns, runFilterOf, STATE_CHOICES } from '../run-filter';

import { RunRows } from './run-rows';
import { StaleNote } from './stale-note';

/** All runs, newest first. */
export function RunsTab() {
  const [view, setView] = useView();
  const { from, to, asOf } = useRange();
  const filter = useMemo(() => runFilterOf(view, { from, to }), [view, from, to]);
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useRunPages(filter, asOf);
  const rules = useAutomationRules().data?.items ?? [];
  const runs = data?.pages.flatMap(({ items }) => items) ?? [];
  const isNarrowed = narrowsRuns(view);
  const choices = (any: string, names: string[], chosen?: string) => [{ value: '', label: any }, ...[...new Set([...names, ...(chosen ? [chosen] : [])])].sort().map((value) => ({ value, label: value }))];
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <Select label="State" value={view.status ?? ''} choices={STATE_CHOICES} onChange={(status) => setView({ status })} />
        <Select label="Rule" value={view.rule ?? ''} choices={choices('Any rule', rules.map(({ id }) => id), view.rule)} onChange={(rule) => setView({ rule })} className="max-w-56" />
        <Select label="Provider" value={view.provider ?? ''} choices={choices('Any provider', rules.map(({ provider }) => provider), view.provider)} onChange={(provider) => setView({ provider })} className="max-w-48" />
        {view.alert && (
          <Button icon="close" onClick={() => setView({ alert: undefined })}>
            About one alert
          </Button>
        )}
        {isNarrowed && (
          <Button look="quiet" icon="close" onClick={() => setView(ALL_RUNS)}>
            Clear
          </Button>
        )}
        <span className="ml-auto text-xs text-faint">{data && `${plural(runs.length, 'run')}${hasNextPage ? ' and more' : ''}`}</span>
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={8} label="Loading the runs" />}
      {data && runs.length === 0 && (
        <Empty icon="bolt" title={isNarrowed ? 'No run fits' : 'Nothing was proposed yet'} actions={isNarrowed && <Button onClick={() => setView(ALL_RUNS)}>Clear the filters</Button>}>
          {isNarrowed ? 'None fits all of these filters.' : 'A run begins when an alert matches a rule that is on, or when someone proposes one from an alert.'}
        </Empty>
      )}
      {runs.length > 0 && (
        <div className={isPlaceholderData ? 'opacity-60' : ''}>
          <RunRows runs={runs} />
        </div>
      )}
      {hasNextPage && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Earlier runs
          </Button>
        </p>
      )}
    </Panel>
  );
}
