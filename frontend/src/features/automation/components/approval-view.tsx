import { useState } from 'react';

import type { Plan, RunDetails } from '@/api-client/automation-types';
import { useRuleNames } from '@/api-client/get-automation-rules';
import { ApiError } from '@/api-client/http';
import { RiskTag } from '@/components/automation/risk-tag';
import { RunLink } from '@/components/automation/run-link';
import { RunStateTag } from '@/components/automation/run-state-tag';
import { Panel } from '@/components/panel';
import { Part } from '@/components/part';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plain } from '@/lib/plain-text';
import { sentence } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

import { useRun } from '../api/get-run';

import { AlertCause, AlertReason } from './alert-reason';
import { Expiry } from './expiry';
import { PlanView } from './plan-view';
import { RuleHistory } from './rule-history';
import { StageList } from './stage-list';
import { StaleNote } from './stale-note';
import { VoteForm } from './vote-form';

const EVERY_MS = 3000;

/** Everything that someone who says yes or no should know, and the way to say it; then `onNext` leads on. */
export function ApprovalView({ id, onNext }: { id: string; onNext?: () => void }) {
  const { data, error, refetch } = useRun(id, EVERY_MS);
  if (error instanceof ApiError && (error.status === 404 || error.status === 400))
    return (
      <Panel>
        <Empty icon="bolt" title="This run is not kept any more" />
      </Panel>
    );
  if (!data)
    return (
      <Panel>
        {error ? <Failure error={error} retry={() => void refetch()} /> : <SkeletonLines count={10} label="Loading the plan" />}
      </Panel>
    );
  return <Body run={data} error={error} onNext={onNext} />;
}

function Body({ run, error, onNext }: { run: RunDetails; error: Error | null; onNext?: () => void }) {
  const now = useNow(1);
  const title = useRuleNames()(run.rule);
  const plan = run.plan_details;
  const isWaiting = run.state === 'awaiting_approval';
  return (
    <article aria-label={title} className="@container rounded-lg border border-line bg-surface">
      <StaleNote error={error} />
      <header className="border-b border-line px-4 py-3">
        <h2 className="text-base font-semibold [overflow-wrap:anywhere]">{title}</h2>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-faint">
          <RunStateTag state={run.state} />
          {plan && <RiskTag level={plan.risk.level} />}
          {isWaiting && <Expiry time={run.expires_at} now={now} />}
          {run.dry_run && <span className="text-soft">dry run: it only plans</span>}
          <RunLink id={run.id} className="text-accent hover:underline">
            Open the run
          </RunLink>
        </p>
        {!isWaiting && (
          <div role="status" className="mt-1 flex flex-wrap items-center justify-between gap-2 text-sm">
            <span className="[overflow-wrap:anywhere] text-soft">{sentence(plain(run.state_because ?? 'Nobody is asked about it any more'))}</span>
            {onNext && <Button onClick={onNext}>Next that waits</Button>}
          </div>
        )}
      </header>
      <div className="grid grid-cols-1 @3xl:grid-cols-[minmax(0,1fr)_19rem]">
        <div className="min-w-0 space-y-5 p-4">
          {plan ? <PlanView plan={plan} targets={run.targets} why={<AlertReason run={run} />} /> : <p className="text-sm text-soft">Its plan is being made.</p>}
          {!plan && <AlertReason run={run} />}
          <AlertCause alert={run.alert} />
        </div>
        <div className="space-y-5 border-line p-4 max-@3xl:border-t @3xl:border-l">
          {plan && isWaiting && <Decision key={run.id} run={run} plan={plan} />}
          {plan && <StageList plan={plan} run={run} />}
          <RuleHistory rule={run.rule} />
        </div>
      </div>
    </article>
  );
}

/** A word is bound to the plan that was shown first. Another plan has to be looked at before a word can be said about it. */
function Decision({ run, plan }: { run: RunDetails; plan: Plan }) {
  const [seen, setSeen] = useState(plan.hash);
  return (
    <Part title="Your decision">
      {seen === plan.hash ? (
        <VoteForm run={run} plan={plan} />
      ) : (
        <div role="alert" className="space-y-2 rounded-md border border-(--warn) px-3 py-2 text-sm">
          <p>
            <strong className="font-semibold">The plan has changed since you opened it.</strong> Nothing was sent. What is shown here is the new plan.
          </p>
          <Button onClick={() => setSeen(plan.hash)}>I have looked at the new plan</Button>
        </div>
      )}
    </Part>
  );
}
