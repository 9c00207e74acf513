import { useState, type FormEvent } from 'react';

import { ApiError } from '@/api-client/http';
import { WhyAnswer } from '@/components/alert/why-answer';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { fieldErrors } from '@/lib/problems';

import { useDeleteRule } from '../api/delete-rule';
import { useSaveAlertRule } from '../api/save-alert-rule';
import { useTestAlertRule } from '../api/test-alert-rule';
import { FIELDS, ruleOf, type RuleDraft } from '../rule-draft';

import { RuleFields } from './rule-fields';
import { TestPanel } from './test-panel';

/** A rule as a form, and what it would have told. */
export function AlertRuleEditor({ id, start, onClose }: { id?: string; start: RuleDraft; onClose: () => void }) {
  const [draft, setDraft] = useState(start);
  const [asksWhy, setAsksWhy] = useState(false);
  const save = useSaveAlertRule(id);
  const test = useTestAlertRule();
  const remove = useDeleteRule('alert-rules');
  const failed = save.error ?? test.error;
  const errors = fieldErrors(failed instanceof ApiError ? failed.problem : undefined);
  const rest = errors.rest(FIELDS) ?? (failed && !(failed instanceof ApiError) ? failed.message : undefined);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    test.reset();
    save.mutate(ruleOf(draft), { onSuccess: onClose });
  };
  return (
    <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-2">
      <Panel
        title={id ?? 'New rule'}
        aside={
          <Button look="quiet" onClick={onClose}>
            All rules
          </Button>
        }
      >
        <form onSubmit={submit} className="space-y-4 p-4">
          <RuleFields draft={draft} errors={errors} isNew={id === undefined} onChange={(patch) => setDraft({ ...draft, ...patch })} />
          {rest && (
            <p role="alert" className="text-sm break-words text-danger">
              {rest}
            </p>
          )}
          <div className="flex flex-wrap gap-2">
            <Button type="submit" look="primary" disabled={save.isPending}>
              {id === undefined ? 'Make the rule' : 'Keep the changes'}
            </Button>
            <Button onClick={onClose}>Cancel</Button>
            {id !== undefined && <Delete id={id} isBusy={remove.isPending} onDelete={() => remove.mutate(id, { onSuccess: onClose })} />}
          </div>
        </form>
      </Panel>
      <div className="space-y-5">
        <TestPanel
          test={test}
          wrong={test.error?.message}
          onTest={(range) => {
            save.reset();
            // A new rule may be tried before it has a name.
            test.mutate({ rule: ruleOf({ ...draft, id: draft.id.trim() || 'new_rule' }), ...range });
          }}
        />
        {id !== undefined && (
          <Panel title="Why, or why not, now">
            <div className="p-4">{asksWhy ? <WhyAnswer rule={id} /> : <Button onClick={() => setAsksWhy(true)}>Does it fire now, and why?</Button>}</div>
          </Panel>
        )}
      </div>
    </div>
  );
}

/** Drops a rule at the second press. */
function Delete({ id, isBusy, onDelete }: { id: string; isBusy: boolean; onDelete: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <Button look={asked ? 'danger' : 'quiet'} icon="trash" className="ml-auto" disabled={isBusy} onClick={() => (asked ? onDelete() : setAsked(true))}>
      {asked ? `Yes, delete ${id}` : 'Delete'}
    </Button>
  );
}
