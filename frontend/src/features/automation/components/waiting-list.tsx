import { useEffect, useRef } from 'react';

import type { Run } from '@/api-client/automation-types';
import { useRuleNames } from '@/api-client/get-automation-rules';
import { RiskTag } from '@/components/automation/risk-tag';
import { plain } from '@/lib/plain-text';
import { useNow } from '@/lib/use-now';

import { useRunRisk } from '../api/get-run-risk';

import { Expiry } from './expiry';

/** Each costs a question; further down they are seen when a run is opened. */
const RISKS_MAX = 30;

/** What waits, a few lines each. */
export function WaitingList({ runs, current, onOpen }: { runs: readonly Run[]; current?: string; onOpen: (id: string) => void }) {
  const now = useNow(1);
  const nameOf = useRuleNames();
  const own = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    own.current?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  return (
    <ul aria-label="Waiting for approval" className="divide-y divide-line">
      {runs.map((run, index) => (
        <li key={run.id}>
          <button
            ref={run.id === current ? own : undefined}
            type="button"
            aria-current={run.id === current || undefined}
            onClick={() => onOpen(run.id)}
            className="block w-full space-y-0.5 px-4 py-2.5 text-left text-sm hover:bg-hover focus-visible:-outline-offset-2 aria-[current=true]:bg-chosen"
          >
            <span className="line-clamp-2 font-medium [overflow-wrap:anywhere]">{nameOf(run.rule)}</span>
            <span className="line-clamp-1 text-xs [overflow-wrap:anywhere] text-soft">{plain(run.targets.join(', '))}</span>
            <span className="line-clamp-1 text-xs [overflow-wrap:anywhere] text-faint">{plain(run.alert_title)}</span>
            <span className="flex flex-wrap items-center gap-x-3">
              <Risk run={run} isAsked={index < RISKS_MAX} />
              <Expiry time={run.expires_at} now={now} />
              {run.dry_run && <span className="text-xs text-soft">dry run</span>}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Risk({ run, isAsked }: { run: Run; isAsked: boolean }) {
  const { data } = useRunRisk(run, isAsked);
  return data ? <RiskTag level={data} /> : null;
}
