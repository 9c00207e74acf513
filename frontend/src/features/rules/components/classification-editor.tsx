import { useState, type FormEvent } from 'react';

import { ApiError } from '@/api-client/http';
import type { ClassificationRule } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { FormField, FormText } from '@/components/ui/form-field';
import { Select } from '@/components/ui/select';
import { ALERT_SEVERITIES } from '@/lib/alert-words';
import { fieldErrors } from '@/lib/problems';

import { useDeleteRule } from '../api/delete-rule';
import { useSaveClassificationRule } from '../api/save-classification-rule';

const FIELDS = ['id', 'pattern', 'failure_type', 'severity', 'confidence', 'examples', 'counterexamples'];
const SEVERITIES = ALERT_SEVERITIES.map((value) => ({ value: value as string, label: value }));
const lines = (text: string) => text.split('\n').filter((line) => line.trim() !== '');

/** A rule of the catalogue as a form; its examples are its test, which the server runs. */
export function ClassificationEditor({ rule, onClose }: { rule?: ClassificationRule; onClose: () => void }) {
  const [draft, setDraft] = useState({
    id: rule?.id ?? '',
    failure_type: rule?.failure_type ?? '',
    pattern: rule?.pattern ?? '',
    severity: rule?.severity ?? 'medium',
    confidence: String(rule?.confidence ?? 0.8),
    examples: (rule?.examples ?? []).join('\n'),
    counterexamples: (rule?.counterexamples ?? []).join('\n'),
  });
  const save = useSaveClassificationRule(rule?.id);
  const remove = useDeleteRule('classification-rules');
  const errors = fieldErrors(save.error instanceof ApiError ? save.error.problem : undefined);
  const rest = errors.rest(FIELDS) ?? (save.error && !(save.error instanceof ApiError) ? save.error.message : undefined);
  const bind = (key: keyof typeof draft) => ({ value: draft[key], wrong: errors.of(key), onChange: ({ target }: { target: { value: string } }) => setDraft({ ...draft, [key]: target.value }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wish = {
      ...draft,
      id: draft.id.trim(),
      failure_type: draft.failure_type.trim(),
      confidence: Number(draft.confidence),
      examples: lines(draft.examples),
      counterexamples: lines(draft.counterexamples),
      enabled: rule?.enabled ?? true,
      version: rule?.version ?? undefined,
    };
    save.mutate(wish, { onSuccess: onClose });
  };
  return (
    <Panel
      title={rule?.id ?? 'New rule'}
      aside={
        <Button look="quiet" onClick={onClose}>
          All rules
        </Button>
      }
    >
      <form onSubmit={submit} className="max-w-3xl space-y-4 p-4">
        {!rule && <FormField label="Name" hint="Lower-case letters, digits, _ and -" isCode {...bind('id')} />}
        <div className="grid gap-3 sm:grid-cols-3">
          <FormField label="Failure type" placeholder="disk_full" isCode {...bind('failure_type')} />
          <div className="text-xs text-soft">
            <span className="mb-1 block">Severity</span>
            <Select label="Severity" value={draft.severity} choices={SEVERITIES} onChange={(severity) => setDraft({ ...draft, severity })} className="w-full!" />
          </div>
          <FormField label="How sure the pattern alone is, 0 to 1" inputMode="decimal" {...bind('confidence')} />
        </div>
        <FormText label="Pattern: a regular expression, case ignored" rows={3} isCode {...bind('pattern')} />
        <FormText label="Lines that it must match, one each" rows={5} isCode {...bind('examples')} />
        <FormText label="Lines that it must not match, one each" rows={3} isCode {...bind('counterexamples')} />
        {rest && (
          <p role="alert" className="text-sm break-words text-danger">
            {rest}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" disabled={save.isPending}>
            {rule ? 'Keep the changes' : 'Make the rule'}
          </Button>
          <Button onClick={onClose}>Cancel</Button>
          {rule?.id && (
            <Button look="quiet" icon="trash" className="ml-auto" disabled={remove.isPending} onClick={() => rule.id && remove.mutate(rule.id, { onSuccess: onClose })}>
              Delete
            </Button>
          )}
        </div>
      </form>
    </Panel>
  );
}
