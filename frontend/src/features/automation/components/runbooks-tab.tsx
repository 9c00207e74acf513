import type { AutomationRule } from '@/api-client/automation-types';
import { useAutomationRules } from '@/api-client/get-automation-rules';
import { useRunbooks } from '@/api-client/get-runbooks';
import { Panel } from '@/components/panel';
import { RunbookPanel } from '@/components/runbook/runbook-panel';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';

import { failureTypesOf } from '../rule-match';

import { SuccessRate } from './success-rate';

/** What people do about each type of failure, and which rules would propose something. */
export function RunbooksTab() {
  const { data, error, refetch } = useRunbooks();
  const rules = useAutomationRules();
  const byType = new Map<string, AutomationRule[]>();
  for (const rule of rules.data?.items ?? []) for (const type of failureTypesOf(rule.yaml)) byType.set(type, [...(byType.get(type) ?? []), rule]);
  const covered = (type: string) => (byType.get(type) ?? []).length;
  const runbooks = [...(data?.items ?? [])].sort((a, b) => covered(b.failure_type) - covered(a.failure_type));
  if (!data)
    return (
      <Panel>
        {error ? <Failure error={error} retry={() => void refetch()} /> : <SkeletonLines count={8} label="Loading the runbooks" />}
      </Panel>
    );
  if (runbooks.length === 0)
    return (
      <Panel>
        <Empty icon="book" title="No runbooks">
          They stand in the rules of the server.
        </Empty>
      </Panel>
    );
  return (
    <div className="space-y-4">
      {rules.error && !rules.data && <p className="text-sm break-words text-danger">Which rules there are is not known: {rules.error.message}</p>}
      <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-2">
        {runbooks.map((runbook) => (
          <RunbookPanel key={runbook.failure_type} runbook={runbook}>
            {rules.data && <Rules type={runbook.failure_type} rules={byType.get(runbook.failure_type) ?? []} />}
          </RunbookPanel>
        ))}
      </div>
    </div>
  );
}

function Rules({ type, rules }: { type: string; rules: readonly AutomationRule[] }) {
  if (rules.length === 0) return <p className="border-t border-line pt-2.5 text-xs text-faint">No rule proposes anything for it.</p>;
  return (
    <ul aria-label={`Rules for ${type}`} className="space-y-1 border-t border-line pt-2.5">
      {rules.map((rule) => (
        <li key={rule.id} className="flex flex-wrap items-center gap-x-3 text-sm">
          <ViewLink to={PAGES.automation} view={{ view: 'rules', rule: rule.id }} className="text-accent hover:underline">
            {rule.name || rule.id}
          </ViewLink>
          <span className="text-xs text-faint">{rule.enabled ? (rule.dry_run ? 'only plans' : 'is on') : 'is off'}</span>
          <SuccessRate record={rule.record} />
        </li>
      ))}
    </ul>
  );
}
