import { useAutomationRules } from '@/api-client/get-automation-rules';
import { RunLink } from '@/components/automation/run-link';
import { RunStateTag } from '@/components/automation/run-state-tag';
import { Part } from '@/components/part';
import { Moment } from '@/components/ui/moment';
import { Skeleton } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { useNow } from '@/lib/use-now';

import { useRuleRuns } from '../api/get-rule-runs';

import { ProposeOnly, SuccessRate } from './success-rate';

/** How a rule did so far: its rate of success and its last runs. `isAlone`: the rule is not in sight. */
export function RuleHistory({ rule, isAlone = true }: { rule: string; isAlone?: boolean }) {
  const now = useNow(10);
  const { data, error } = useRuleRuns(rule);
  const known = useAutomationRules().data?.items.find(({ id }) => id === rule);
  const runs = data?.items ?? [];
  return (
    <Part
      title="This rule so far"
      aside={
        isAlone && (
          <ViewLink to={PAGES.automation} view={{ view: 'rules', rule }} className="text-xs text-accent hover:underline">
            Open the rule
          </ViewLink>
        )
      }
    >
      {known && (
        <p className="flex flex-wrap items-center gap-2 text-sm">
          <SuccessRate record={known.record} /> {known.propose_only && <ProposeOnly />}
        </p>
      )}
      {error && !data && <p className="text-xs break-words text-danger">Its runs are not known: {error.message}</p>}
      {!data && !error && <Skeleton className="mt-1.5 h-4 w-2/3" />}
      {data && runs.length === 0 && <p className="mt-1 text-sm text-soft">None of its runs has ended yet.</p>}
      {runs.length > 0 && (
        <ol aria-label="Last runs of the rule" className="mt-1.5 space-y-1">
          {runs.map((run) => (
            <li key={run.id} className="flex items-center gap-2 text-xs">
              <RunStateTag state={run.state} />
              <RunLink id={run.id} className="min-w-0 flex-1 truncate text-accent hover:underline">
                {plain(run.targets.join(', ')) || run.id}
              </RunLink>
              <span className="shrink-0 text-faint">
                <Moment time={run.updated_at} now={now} />
              </span>
            </li>
          ))}
        </ol>
      )}
    </Part>
  );
}
