import type { ReactNode } from 'react';

import type { ActionTest } from '@/api-client/automation-types';
import { Icon } from '@/components/ui/icon';
import { plain } from '@/lib/plain-text';
import { sentence } from '@/lib/ticket-words';

import { PlannedActionView } from './planned-action';

/** What a rule makes of an alert: whether it matches and why, and what it would do. */
export function ActionOutcome({ test }: { test: ActionTest }) {
  return (
    <div role="status" aria-label="What the rule makes of the alert" className="space-y-2.5 text-sm">
      <p className="flex items-start gap-2">
        <Icon name={test.matches ? 'check' : 'minus'} className={`mt-0.5 ${test.matches ? 'text-ok' : 'text-faint'}`} />
        <span className="[overflow-wrap:anywhere]">
          <strong className="font-semibold">{test.matches ? 'It matches.' : 'It does not match.'}</strong> <span className="text-soft">{sentence(plain(test.because))}</span>
        </span>
      </p>
      {test.problem && (
        <p role="alert" className="[overflow-wrap:anywhere] text-danger">
          {sentence(plain(test.problem))}
        </p>
      )}
      {test.action && <PlannedActionView action={test.action} />}
      <dl className="grid grid-cols-[6rem_1fr] gap-x-3 gap-y-1">
        {test.targets.length > 0 && <Fact name="Targets">{test.targets.map(plain).join(', ')}</Fact>}
        <Fact name="Approval">{sentence(plain(test.approval))}</Fact>
      </dl>
    </div>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="contents">
      <dt className="text-soft">{name}</dt>
      <dd className="min-w-0 [overflow-wrap:anywhere]">{children}</dd>
    </div>
  );
}
