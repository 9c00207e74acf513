import { useState } from 'react';

import { useAutomationRules } from '@/api-client/get-automation-rules';
import { useRuleTest } from '@/api-client/test-automation-rule';
import { ActionOutcome } from '@/components/automation/action-outcome';
import { RunLink } from '@/components/automation/run-link';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';

import { useProposeAction } from '../api/propose-action';

/** Proposes what any rule says for an alert; what that would be is shown first. */
export function ProposeDialog({ alert, onClose }: { alert: string; onClose: () => void }) {
  const rules = useAutomationRules();
  const [rule, setRule] = useState('');
  const choices = (rules.data?.items ?? []).map(({ id, name, enabled }) => ({ value: id, label: `${name || id}${enabled ? '' : ' (off)'}` }));
  return (
    <Dialog title="Propose an action" description="Any rule can be tried on any alert, also one that is off or does not match. What would be done, and who must agree, is shown first." open onOpenChange={(open) => !open && onClose()}>
      <div className="space-y-4 pt-2">
        {rules.error && !rules.data && <Failure error={rules.error} retry={() => void rules.refetch()} />}
        {!rules.data && !rules.error && <SkeletonLines count={2} label="Loading the rules" />}
        {rules.data && choices.length === 0 && <p className="text-sm text-soft">There is no rule yet.</p>}
        {choices.length > 0 && <Select label="Rule" value={rule} choices={[{ value: '', label: 'Choose a rule' }, ...choices]} onChange={setRule} className="w-full!" />}
        {rule !== '' && <Proposal key={rule} rule={rule} alert={alert} onClose={onClose} />}
      </div>
    </Dialog>
  );
}

function Proposal({ rule, alert, onClose }: { rule: string; alert: string; onClose: () => void }) {
  const { data, error, refetch } = useRuleTest(rule, alert);
  const propose = useProposeAction(alert);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonLines count={4} label="Testing the rule" />;
  if (propose.data)
    return (
      <p role="status" className="text-sm">
        It is proposed.{' '}
        <RunLink id={propose.data.id} onClick={onClose} className="text-accent hover:underline">
          Open the run
        </RunLink>
      </p>
    );
  return (
    <div className="space-y-3">
      <ActionOutcome test={data} />
      {propose.error && (
        <p role="alert" className="text-sm break-words text-danger">
          {propose.error.message}
        </p>
      )}
      <Button look="primary" icon="bolt" disabled={propose.isPending || !data.action} onClick={() => propose.mutate(rule)}>
        {data.matches ? 'Propose it' : 'Propose it although it does not match'}
      </Button>
    </div>
  );
}
