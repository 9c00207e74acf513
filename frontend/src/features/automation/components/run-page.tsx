import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';

import type { RunDetails } from '@/api-client/automation-types';
import { useRuleNames } from '@/api-client/get-automation-rules';
import { ApiError } from '@/api-client/http';
import { Page } from '@/components/page';
import { Panel } from '@/components/panel';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';

import { useRun } from '../api/get-run';
import { useWatchRun } from '../api/watch-run';

import { AlertCause, AlertReason } from './alert-reason';
import { KillSwitch } from './kill-switch';
import { OutputPanel } from './output-panel';
import { PlanView } from './plan-view';
import { RuleHistory } from './rule-history';
import { RunHead } from './run-head';
import { RunTimeline } from './run-timeline';
import { StageList } from './stage-list';
import { StaleNote } from './stale-note';

/** One run: how far it is, what it prints, what was planned, and who said what. */
export default function RunPage() {
  const { run: id } = useParams({ strict: false }) as { run: string };
  return <Watched key={id} id={id} />;
}

function Watched({ id }: { id: string }) {
  const { data, error, refetch } = useRun(id);
  const { output, phase } = useWatchRun(id);
  const nameOf = useRuleNames();
  const isUnknown = error instanceof ApiError && (error.status === 404 || error.status === 400);
  return (
    <Page title={data ? nameOf(data.rule) : 'Run'} lead={<Back />} actions={<KillSwitch />}>
      {!data && (
        <Panel>
          {isUnknown ? (
            <Empty icon="bolt" title="This run is not kept any more">
              Runs that ended are forgotten after a while.
            </Empty>
          ) : error ? (
            <Failure error={error} retry={() => void refetch()} />
          ) : (
            <SkeletonLines count={10} label="Loading the run" />
          )}
        </Panel>
      )}
      {data && (
        <div className="space-y-4">
          <RunHead run={data} phase={phase} />
          {error && <Panel><StaleNote error={error} /></Panel>}
          <Parts run={data} output={<OutputPanel run={data} output={output} />} />
        </div>
      )}
    </Page>
  );
}

function Back() {
  return (
    <ViewLink to={PAGES.automation} view={{ view: 'runs' }} className="text-accent hover:underline">
      All runs
    </ViewLink>
  );
}

function Parts({ run, output }: { run: RunDetails; output: ReactNode }) {
  const plan = run.plan_details;
  return (
    <div className="grid grid-cols-1 items-start gap-4 xl:grid-cols-[minmax(0,1fr)_22rem]">
      <div className="min-w-0 space-y-4">
        {output}
        <Panel title="Plan" aside={plan && <code title={plan.hash} className="text-xs text-faint">{plan.hash.slice(0, 12)}</code>}>
          <div className="space-y-5 p-4">{plan ? <PlanView plan={plan} targets={run.targets} /> : <p className="text-sm text-soft">It has none: {run.state === 'proposed' ? 'it is being made.' : 'it ended before one was made.'}</p>}</div>
        </Panel>
        <Panel title="About">
          <div className="space-y-5 p-4">
            <AlertReason run={run} />
            <AlertCause alert={run.alert} />
          </div>
        </Panel>
      </div>
      <div className="space-y-4">
        <Panel title="What happened">
          <div className="p-4">
            <RunTimeline run={run} />
          </div>
        </Panel>
        <Panel>
          <div className="space-y-5 p-4">
            {plan && <StageList plan={plan} run={run} />}
            <RuleHistory rule={run.rule} />
          </div>
        </Panel>
      </div>
    </div>
  );
}
