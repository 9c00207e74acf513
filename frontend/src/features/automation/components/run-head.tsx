import { useState } from 'react';

import type { RunDetails } from '@/api-client/automation-types';
import { ConfirmDialog } from '@/components/automation/confirm-dialog';
import { RiskTag } from '@/components/automation/risk-tag';
import { RunStateTag } from '@/components/automation/run-state-tag';
import { Panel } from '@/components/panel';
import { Button, buttonClass } from '@/components/ui/button';
import { Moment } from '@/components/ui/moment';
import { ViewLink } from '@/components/view-link';
import { actorName } from '@/lib/automation-words';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { sentence } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

import { useActOnRun, type RunWish } from '../api/act-on-run';
import type { StreamPhase } from '../api/watch-run';

import { Expiry } from './expiry';
import { StateBar } from './state-bar';

/** How far a run is and why, and what can be done about it. */
export function RunHead({ run, phase }: { run: RunDetails; phase: StreamPhase }) {
  const [asked, setAsked] = useState<RunWish['action']>();
  const now = useNow(1);
  const isWaiting = run.state === 'awaiting_approval';
  return (
    <Panel className="p-4">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-2">
        <RunStateTag state={run.state} />
        {run.plan_details && <RiskTag level={run.plan_details.risk.level} />}
        {isWaiting && <Expiry time={run.expires_at} now={now} />}
        {run.dry_run && <span className="text-xs text-soft">dry run: it only plans</span>}
        <Live phase={phase} />
        <span className="ml-auto flex flex-wrap gap-2">
          {isWaiting && (
            <ViewLink to={PAGES.automation} view={{ run: run.id }} className={buttonClass('primary')}>
              Approve or reject
            </ViewLink>
          )}
          {run.can.cancel && (
            <Button icon="stop" onClick={() => setAsked('cancel')}>
              Call it off
            </Button>
          )}
          {run.can.rollback && (
            <Button icon="undo" onClick={() => setAsked('rollback')}>
              Undo it
            </Button>
          )}
        </span>
      </div>
      {run.state_because && <p className="mt-2 text-sm [overflow-wrap:anywhere]">{sentence(plain(run.state_because))}</p>}
      {run.waiting_because && <p className="mt-1 text-sm [overflow-wrap:anywhere] text-(--warn-text)">It does not begin yet: {sentence(plain(run.waiting_because))}</p>}
      {run.waits_for && <p className="mt-1 text-sm [overflow-wrap:anywhere] text-soft">{sentence(run.waits_for)}</p>}
      <p className="mt-1 flex flex-wrap gap-x-2.5 text-xs text-faint">
        <span className="[overflow-wrap:anywhere]">{plain(run.targets.join(', '))}</span>
        <span>with {run.provider}</span>
        {run.handle && <span className="[overflow-wrap:anywhere]">which calls it {plain(run.handle)}</span>}
        <span>
          proposed by {actorName(run.proposer)} <Moment time={run.proposed_at} now={now} />
        </span>
        <ViewLink to={PAGES.automation} view={{ view: 'rules', rule: run.rule }} className="text-accent hover:underline">
          {run.rule}
        </ViewLink>
        <span>version {run.rule_version}</span>
      </p>
      <StateBar run={run} now={now} />
      {asked && <ActDialog run={run} action={asked} onClose={() => setAsked(undefined)} />}
    </Panel>
  );
}

const ASKED = {
  cancel: { title: 'Call the run off', description: 'If the provider is at it, it is told to stop. What it has done by then is not undone.', button: 'Call it off' },
  rollback: { title: 'Undo what the run did', description: 'The rollback of its plan is carried out, on the same targets.', button: 'Undo it' },
};

function ActDialog({ run, action, onClose }: { run: RunDetails; action: RunWish['action']; onClose: () => void }) {
  const act = useActOnRun(run.id);
  return <ConfirmDialog {...ASKED[action]} ask={{ label: 'Why' }} isDanger isBusy={act.isPending} error={act.error} onConfirm={(reason) => act.mutate({ action, reason }, { onSuccess: onClose })} onClose={onClose} />;
}

const PHASES: Record<StreamPhase, string> = { connecting: 'connecting', live: 'live', reconnecting: 'reconnecting', ended: '' };
const DOTS: Record<StreamPhase, string> = { connecting: 'bg-line-strong', live: 'bg-ok', reconnecting: 'animate-pulse bg-(--warn)', ended: '' };

/** Whether what is shown changes by itself. */
function Live({ phase }: { phase: StreamPhase }) {
  if (phase === 'ended') return null;
  return (
    <span role="status" className="inline-flex items-center gap-1.5 text-xs text-soft">
      <span aria-hidden="true" className={`size-2 rounded-full ${DOTS[phase]}`} />
      {PHASES[phase]}
    </span>
  );
}
