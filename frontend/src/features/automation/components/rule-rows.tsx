import type { AutomationRule } from '@/api-client/automation-types';
import { RiskTag } from '@/components/automation/risk-tag';
import { Switch } from '@/components/ui/switch';
import { Table, Td, Th } from '@/components/ui/table';
import { plain } from '@/lib/plain-text';

import { useChangeRule } from '../api/change-rule';
import { approvalText } from '../rule-match';

import { CooldownField } from './cooldown-field';
import { ProposeOnly, SuccessRate } from './success-rate';

/** Rules as rows, with what is switched most often. */
export function RuleRows({ rules, onOpen }: { rules: readonly AutomationRule[]; onOpen: (id: string) => void }) {
  const change = useChangeRule();
  const isBusy = (id: string) => change.isPending && change.variables.id === id;
  return (
    <Table label="Automation rules">
      <thead>
        <tr>
          <Th>On</Th>
          <Th>Rule</Th>
          <Th>Does</Th>
          <Th>Who agrees</Th>
          <Th title="It plans and shows what would happen, and does nothing">Dry run</Th>
          <Th title="How long after a run for the same group it proposes none">Cooldown</Th>
          <Th>Success</Th>
        </tr>
      </thead>
      <tbody>
        {rules.map((rule) => (
          <tr key={rule.id} className="hover:bg-hover">
            <Td className="leading-5">
              <Switch label={`Rule ${rule.id} is on`} isOn={rule.enabled} disabled={isBusy(rule.id)} onChange={(enabled) => change.mutate({ id: rule.id, enabled })} />
            </Td>
            <Td className="min-w-56">
              <button type="button" onClick={() => onOpen(rule.id)} className="text-left font-medium [overflow-wrap:anywhere] hover:underline">
                {rule.name || rule.id}
              </button>
              <p className="text-xs [overflow-wrap:anywhere] text-soft">{plain(rule.match)}</p>
              <p className="text-xs text-faint">
                {rule.id}, version {rule.version}
              </p>
            </Td>
            <Td className="min-w-40">
              <p className="[overflow-wrap:anywhere]">{plain(rule.template)}</p>
              <p className="text-xs text-soft">with {rule.provider}</p>
              <RiskTag level={rule.risk.level} />
            </Td>
            <Td className="min-w-32 [overflow-wrap:anywhere]">{approvalText(rule)}</Td>
            <Td className="leading-5">
              <Switch label={`Rule ${rule.id} only plans`} isOn={rule.dry_run} disabled={isBusy(rule.id)} onChange={(dry_run) => change.mutate({ id: rule.id, dry_run })} />
            </Td>
            <Td>
              <CooldownField key={rule.cooldown_secs} rule={rule} isBusy={isBusy(rule.id)} onChange={(cooldown_secs) => change.mutate({ id: rule.id, cooldown_secs })} />
            </Td>
            <Td className="space-y-1">
              <SuccessRate record={rule.record} />
              {rule.propose_only && (
                <span className="block">
                  <ProposeOnly />
                </span>
              )}
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}
