import type { ReactNode } from 'react';

import type { Plan } from '@/api-client/automation-types';
import { PlannedActionView } from '@/components/automation/planned-action';
import { Part } from '@/components/part';
import { formatSpan, formatTime, plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';
import { sentence } from '@/lib/ticket-words';

import { PreviewPart } from './preview-part';

const HOSTS_SHOWN = 20;

/** What exactly will happen if people say yes; `why` stands before it. */
export function PlanView({ plan, targets, why }: { plan: Plan; targets: readonly string[]; why?: ReactNode }) {
  return (
    <>
      <Part title="What">
        <PlannedActionView action={plan.action} />
      </Part>
      <Part title="Where">
        <p className="text-sm [overflow-wrap:anywhere]">{plain(targets.join(', '))}</p>
        <Hosts hosts={plan.preview.hosts} />
      </Part>
      {why}
      <PreviewPart preview={plan.preview} />
      <Part title="Risk">
        {plan.risk.reasons.length === 0 && <p className="text-sm text-soft">The rule names no reason for its {plan.risk.level} risk.</p>}
        <ul className="list-disc space-y-0.5 pl-5 text-sm marker:text-faint">
          {plan.risk.reasons.map((reason) => (
            <li key={reason} className="[overflow-wrap:anywhere]">
              {plain(reason)}
            </li>
          ))}
        </ul>
      </Part>
      <After plan={plan} />
    </>
  );
}

function Hosts({ hosts }: { hosts: readonly string[] }) {
  if (hosts.length === 0) return null;
  const more = hosts.length - HOSTS_SHOWN;
  return (
    <div className="mt-0.5 text-xs [overflow-wrap:anywhere] text-soft">
      {plural(hosts.length, 'host')}: {hosts.slice(0, HOSTS_SHOWN).map(plain).join(', ')}
      {more > 0 && (
        <details>
          <summary className="text-accent hover:underline">and {more} more</summary> {hosts.slice(HOSTS_SHOWN).map(plain).join(', ')}
        </details>
      )}
    </div>
  );
}

/** What comes after the action, and what the plan is bound to. */
function After({ plan }: { plan: Plan }) {
  const [zone] = useZone();
  const failure = [plan.rolls_back && plan.rollback ? 'it is undone' : 'it is not undone', plan.escalates_to && `the alert becomes ${plan.escalates_to}`, 'people are told'].filter(Boolean);
  const facts: [string, ReactNode][] = [
    ['It helped if', plan.verify ? <code className="font-mono text-xs">{plain(plan.verify)}</code> : 'that is not looked at'],
    ['Then', plan.resolves_alert && plan.verify ? 'the alert is resolved' : 'the alert stays as it is'],
    ['If not', failure.join(', ')],
    ['It may take', formatSpan(plan.timeout_secs)],
    ['Approval', sentence(plain(plan.approval_because))],
    ['Proposed by', plan.proposer === 'system' ? 'Tocsin, by its rule' : plan.proposer],
    ['Planned', formatTime(plan.made_at, zone, false)],
  ];
  return (
    <Part title="Afterwards">
      <dl className="grid grid-cols-[6rem_1fr] gap-x-3 gap-y-1 text-sm">
        {facts.map(([name, value]) => (
          <div key={name} className="contents">
            <dt className="text-soft">{name}</dt>
            <dd className="min-w-0 [overflow-wrap:anywhere] tabular-nums">{value}</dd>
          </div>
        ))}
      </dl>
      {plan.rollback && (
        <details className="mt-2 text-sm">
          <summary className="text-accent hover:underline">How it is undone</summary>
          <div className="mt-1.5">
            <PlannedActionView action={plan.rollback} />
          </div>
        </details>
      )}
    </Part>
  );
}
