import type { ReactNode } from 'react';

import type { AutomationRule } from '@/api-client/automation-types';
import { RiskTag } from '@/components/automation/risk-tag';
import { Switch } from '@/components/ui/switch';
import { plain } from '@/lib/plain-text';

import { useChangeRule } from '../api/change-rule';
import { approvalText } from '../rule-match';

import { CooldownField } from './cooldown-field';
import { ProposeOnly, SuccessRate } from './success-rate';

const HEAD = 'border-b border-line px-2 py-2 text-left text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4';
const CELL = 'border-b border-line px-2 py-2 align-top text-sm first:pl-4 last:pr-4';
const WIDE = 'hidden @4xl:table-cell';

/** Rules as rows, with what is switched most often; what does not fit in a column stands below the name. */
export function RuleRows({ rules, onOpen }: { rules: readonly AutomationRule[]; onOpen: (id: string) => void }) {
  return (
    <div className="@container">
      <table aria-label="Automation rules" className="w-full border-collapse [&>tbody>tr:last-child>td]:border-b-0">
        <thead>
          <tr>
            <th scope="col" className={HEAD}>
              On
            </th>
            <th scope="col" className={HEAD}>
              Rule
            </th>
            <th scope="col" className={`${HEAD} ${WIDE}`}>
              Does
            </th>
            <th scope="col" className={`${HEAD} ${WIDE}`}>
              Who agrees
            </th>
            <th scope="col" title="It plans and shows what would happen, and does nothing" className={`${HEAD} ${WIDE}`}>
              Dry run
            </th>
            <th scope="col" title="How long after a run for the same group it proposes none" className={`${HEAD} ${WIDE}`}>
              Cooldown
            </th>
            <th scope="col" className={`${HEAD} ${WIDE}`}>
              Success
            </th>
          </tr>
        </thead>
        <tbody>
          {rules.map((rule) => (
            <Row key={rule.id} rule={rule} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Row({ rule, onOpen }: { rule: AutomationRule; onOpen: (id: string) => void }) {
  const { id } = rule;
  const change = useChangeRule();
  const dryRun = (
    <Switch label={`Rule ${id} only plans`} isOn={rule.dry_run} disabled={change.isPending} onChange={(dry_run) => change.mutate({ id, dry_run })} />
  );
  const cooldown = <CooldownField key={rule.cooldown_secs} rule={rule} isBusy={change.isPending} onChange={(cooldown_secs) => change.mutate({ id, cooldown_secs })} />;
  return (
    <tr className="hover:bg-hover">
      <td className={`${CELL} w-14 leading-5`}>
        <Switch label={`Rule ${id} is on`} isOn={rule.enabled} disabled={change.isPending} onChange={(enabled) => change.mutate({ id, enabled })} />
      </td>
      <td className={CELL}>
        <button type="button" onClick={() => onOpen(id)} className="text-left font-medium [overflow-wrap:anywhere] hover:underline">
          {rule.name || id}
        </button>
        <p className="text-xs [overflow-wrap:anywhere] text-soft">{plain(rule.match)}</p>
        <p className="flex flex-wrap items-center gap-x-2 text-xs text-faint">
          {id}, version {rule.version} {rule.propose_only && <ProposeOnly />}
        </p>
        <div className="mt-1.5 space-y-1.5 @4xl:hidden">
          <Does rule={rule} />
          <p className="text-xs text-soft">Agrees: {approvalText(rule)}</p>
          <div className="flex flex-wrap items-center gap-x-4 gap-y-1.5 text-xs text-soft">
            <Labelled label="Dry run">{dryRun}</Labelled>
            <Labelled label="Cooldown">{cooldown}</Labelled>
            <SuccessRate record={rule.record} />
          </div>
        </div>
      </td>
      <td className={`${CELL} ${WIDE}`}>
        <Does rule={rule} />
      </td>
      <td className={`${CELL} ${WIDE} [overflow-wrap:anywhere]`}>{approvalText(rule)}</td>
      <td className={`${CELL} ${WIDE} leading-5`}>{dryRun}</td>
      <td className={`${CELL} ${WIDE}`}>{cooldown}</td>
      <td className={`${CELL} ${WIDE}`}>
        <SuccessRate record={rule.record} />
      </td>
    </tr>
  );
}

function Does({ rule: { template, provider, risk } }: { rule: AutomationRule }) {
  return (
    <div>
      <p className="[overflow-wrap:anywhere]">{plain(template)}</p>
      <p className="text-xs text-soft">with {provider}</p>
      <RiskTag level={risk.level} />
    </div>
  );
}

const Labelled = ({ label, children }: { label: string; children: ReactNode }) => (
  <span className="flex items-center gap-2">
    {label} {children}
  </span>
);
