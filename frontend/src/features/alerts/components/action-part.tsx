import { useState } from 'react';

import type { Run } from '@/api-client/automation-types';
import { useRuleNames } from '@/api-client/get-automation-rules';
import type { AlertDetail } from '@/api-client/types';
import { RunLink } from '@/components/automation/run-link';
import { RunStateTag } from '@/components/automation/run-state-tag';
import { Part } from '@/components/part';
import { Button } from '@/components/ui/button';
import { Moment } from '@/components/ui/moment';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { useNow } from '@/lib/use-now';

import { useAlertRuns } from '../api/get-alert-runs';

import { ProposeDialog } from './propose-dialog';

/** What automation did about an alert, and a way to propose something. */
export function ActionPart({ alert }: { alert: AlertDetail }) {
  const { data, error } = useAlertRuns(alert.id, alert.seq);
  const [proposing, setProposing] = useState(false);
  const now = useNow(5);
  const nameOf = useRuleNames();
  const runs = data?.items ?? [];
  return (
    <Part
      title="Actions"
      aside={
        <ViewLink to={PAGES.automation} view={{ view: 'runs', alert: alert.id }} className="text-xs text-accent hover:underline">
          All runs
        </ViewLink>
      }
    >
      {error && !data && <p className="text-xs break-words text-danger">What was done about it is not known: {error.message}</p>}
      {data && runs.length === 0 && <p className="text-sm text-soft">Nothing was proposed.</p>}
      {runs.length > 0 && (
        <ul aria-label="Actions" className="divide-y divide-line rounded-md border border-line">
          {runs.map((run) => (
            <Item key={run.id} run={run} name={nameOf(run.rule)} now={now} />
          ))}
        </ul>
      )}
      <Button icon="bolt" className="mt-2" onClick={() => setProposing(true)}>
        Propose an action…
      </Button>
      {proposing && <ProposeDialog alert={alert.id} onClose={() => setProposing(false)} />}
    </Part>
  );
}

function Item({ run, name, now }: { run: Run; name: string; now: number }) {
  return (
    <li className="flex flex-wrap items-center gap-x-2.5 gap-y-0.5 px-3 py-2 text-sm">
      <RunStateTag state={run.state} />
      <RunLink id={run.id} className="min-w-0 flex-1 [overflow-wrap:anywhere] text-accent hover:underline">
        {name}
      </RunLink>
      <span className="text-xs text-faint">
        <Moment time={run.updated_at} now={now} />
      </span>
    </li>
  );
}
