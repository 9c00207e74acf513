import { useMemo } from 'react';

import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useRange } from '@/lib/anchor';
import { plural } from '@/lib/format';
import { isDecisionAction } from '@/lib/ticket-words';
import { useView } from '@/lib/use-view';

import { useDecisionPages } from '../api/get-decision-pages';
import { actionChoices, decisionFilterOf, narrowsDecisions, WIDE } from '../view-filter';

import { AboutAlert } from './about-alert';
import { DecisionRows } from './decision-rows';
import { ExportMenu } from './export-menu';
import { SeverityToggles } from './severity-toggles';
import { StaleNote } from './stale-note';

/** Everything that was decided about tickets, and why, the newest first. */
export function DecisionsTab() {
  const [view, setView] = useView();
  const { from, to, asOf } = useRange();
  const filter = useMemo(() => decisionFilterOf(view, { from, to }), [view, from, to]);
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useDecisionPages(filter, asOf);
  const decisions = data?.pages.flatMap(({ items }) => items) ?? [];
  const isNarrowed = narrowsDecisions(view);
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <Select label="Decision" value={filter.action?.join(',') ?? ''} choices={actionChoices(filter.action)} onChange={(action) => setView({ action: action.split(',').filter(isDecisionAction) })} />
        <FilterField label="Words of title or reason" className="w-48" />
        <SeverityToggles />
        <AboutAlert />
        {isNarrowed && (
          <Button look="quiet" icon="close" onClick={() => setView(WIDE)}>
            Clear
          </Button>
        )}
        <span className="ml-auto flex items-center gap-2 text-xs text-faint">
          {data && `${plural(decisions.length, 'decision')}${hasNextPage ? ' and more' : ''}`}
          <ExportMenu filter={filter} />
        </span>
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={8} label="Loading the decisions" />}
      {data && decisions.length === 0 && (
        <Empty icon="rules" title={isNarrowed ? 'No decision fits' : 'Nothing was decided yet'} actions={isNarrowed && <Button onClick={() => setView(WIDE)}>Clear the filters</Button>}>
          {isNarrowed ? 'None fits all of these filters.' : 'Whatever happens to an alert is decided on, and each decision is kept here with its reason, those to do nothing among them.'}
        </Empty>
      )}
      {decisions.length > 0 && (
        <div className={isPlaceholderData ? 'opacity-60' : ''}>
          <DecisionRows decisions={decisions} />
        </div>
      )}
      {hasNextPage && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Earlier decisions
          </Button>
        </p>
      )}
    </Panel>
  );
}
