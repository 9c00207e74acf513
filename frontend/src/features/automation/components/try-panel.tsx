import { useState } from 'react';

import { useAlerts } from '@/api-client/get-alerts';
import type { RuleWish } from '@/api-client/test-automation-rule';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { ActionOutcome } from '@/components/automation/action-outcome';
import { Panel } from '@/components/panel';
import { Field } from '@/components/ui/field';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plain } from '@/lib/plain-text';

import { useTryRule } from '../api/try-rule';

const SHOWN = 8;

/** Tries a rule on any alert. Nothing is done. */
export function TryPanel({ wish }: { wish: RuleWish }) {
  const [q, setQ] = useState('');
  const [chosen, setChosen] = useState<string>();
  const { data, error } = useAlerts({ q: q.trim() || undefined }, SHOWN);
  const test = useTryRule();
  const attempt = (alert: string) => {
    setChosen(alert);
    test.mutate({ ...wish, alert });
  };
  return (
    <Panel title="Test on an alert">
      <div className="space-y-2 p-4">
        <Field label="Words of the alert" type="search" value={q} onChange={(event) => setQ(event.target.value)} />
        {error && !data && <p className="text-xs break-words text-danger">{error.message}</p>}
        {!data && !error && <SkeletonLines count={3} label="Loading alerts" />}
        {data?.items.length === 0 && <p className="text-sm text-soft">No alert fits.</p>}
        <ul aria-label="Alerts to test on" className="divide-y divide-line rounded-md border border-line empty:hidden">
          {data?.items.map(({ id, title, severity }) => (
            <li key={id}>
              <button type="button" aria-pressed={id === chosen} onClick={() => attempt(id)} className="flex w-full items-baseline gap-2 px-2.5 py-1.5 text-left text-sm hover:bg-hover focus-visible:-outline-offset-2 aria-pressed:bg-chosen">
                <AlertSeverityTag severity={severity} />
                <span className="min-w-0 flex-1 truncate">{plain(title)}</span>
              </button>
            </li>
          ))}
        </ul>
      </div>
      {(test.isPending || test.error || test.data) && (
        <div className="border-t border-line p-4">
          {test.isPending && <SkeletonLines count={3} label="Testing" />}
          {test.error && (
            <p role="alert" className="text-sm break-words text-danger">
              {test.error.message}
            </p>
          )}
          {test.data && <ActionOutcome test={test.data} />}
        </div>
      )}
    </Panel>
  );
}
