import type { ReactNode } from 'react';

import type { Budget } from '@/api-client/automation-types';
import { useSafety } from '@/api-client/get-safety';
import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatCount, plural } from '@/lib/format';

import { limitText } from '../rule-match';

import { FreezesPanel } from './freezes-panel';
import { StaleNote } from './stale-note';

/** How much may happen at all, and when nothing may. */
export function SafetyTab() {
  const { data, error, refetch } = useSafety();
  if (!data)
    return (
      <Panel>
        {error ? <Failure error={error} retry={() => void refetch()} /> : <SkeletonLines count={8} label="Loading what keeps automation safe" />}
      </Panel>
    );
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[3fr_2fr]">
      <FreezesPanel freezes={data.freezes} />
      <Panel title="Safety budget">
        <StaleNote error={error} />
        <BudgetList budget={data.budget} />
      </Panel>
    </div>
  );
}

function BudgetList({ budget }: { budget: Budget }) {
  const facts: [string, ReactNode, string][] = [
    ['All rules', limitText(budget.global), 'Runs of all rules together.'],
    ['A provider', limitText(budget.provider), 'Runs of each provider.'],
    ['A rule', limitText(budget.rule), 'Runs of each rule that does not say otherwise.'],
    ['Targets', formatCount(budget.targets_max), 'Targets or hosts of one run.'],
    ['Waiting', formatCount(budget.waiting_max), 'Runs that wait for a person; beyond that nothing is proposed.'],
    ['In vain', plural(budget.failed_verifications_max, 'run'), 'In a row that did not help; after that a rule may only propose.'],
    ['Matching', `${budget.match_percent_max} %`, 'Of all alerts at most; a rule that matches more is refused.'],
  ];
  return (
    <>
      <dl className="divide-y divide-line text-sm">
        {facts.map(([name, value, about]) => (
          <div key={name} className="grid grid-cols-[6rem_1fr] gap-x-3 px-4 py-2">
            <dt className="text-soft">{name}</dt>
            <dd className="tabular-nums">
              {value}
              <span className="block text-xs text-faint">{about}</span>
            </dd>
          </div>
        ))}
      </dl>
      <p className="border-t border-line px-4 py-2 text-xs text-faint">
        It stands in the configuration under <code className="font-mono">[automation.budget]</code>.
      </p>
    </>
  );
}
