import { FormField, FormText } from '@/components/ui/form-field';
import { Select } from '@/components/ui/select';
import { ALERT_SEVERITIES, words } from '@/lib/alert-words';
import type { FieldErrors } from '@/lib/problems';

import { EXAMPLES, FACTS, hasField, KINDS, type RuleDraft } from '../rule-draft';

interface Props {
  draft: RuleDraft;
  errors: FieldErrors;
  isNew: boolean;
  onChange: (patch: Partial<RuleDraft>) => void;
}

type Text = { [Key in keyof RuleDraft]-?: RuleDraft[Key] extends string ? Key : never }[keyof RuleDraft];

const ON = KINDS.map((value) => ({ value, label: words(value) }));
const SEVERITIES = ['auto', ...ALERT_SEVERITIES].map((value) => ({ value, label: value }));

/** The fields of an alert rule, those of the chosen kind among them. */
export function RuleFields({ draft, errors, isNew, onChange }: Props) {
  const bind = (key: Text) => ({ value: draft[key], wrong: errors.of(key), onChange: ({ target }: { target: { value: string } }) => onChange({ [key]: target.value }) });
  return (
    <>
      {isNew && <FormField label="Name" hint="Lower-case letters, digits, _ and -" isCode {...bind('id')} />}
      <FormField label="What it is about" {...bind('about')} />
      <div className="grid gap-3 sm:grid-cols-2">
        <div className="text-xs text-soft">
          <span className="mb-1 block">It looks at</span>
          <Select label="It looks at" value={draft.on} choices={ON} onChange={(on) => onChange({ on })} className="w-full!" />
        </div>
        <div className="text-xs text-soft">
          <span className="mb-1 block">Severity</span>
          <Select label="Severity" value={draft.severity} choices={SEVERITIES} onChange={(severity) => onChange({ severity })} className="w-full!" />
        </div>
      </div>
      {hasField(draft.on, 'query') && <FormText label={draft.on === 'metric' ? 'Query in PromQL' : 'Selector of the series that must go on'} isCode {...bind('query')} />}
      <FormText label="Condition in CEL" placeholder={EXAMPLES[draft.on]} hint={<>It can speak of {FACTS[draft.on].join(', ')}.</>} isCode {...bind('when')} />
      <div className="grid gap-3 sm:grid-cols-2">
        {hasField(draft.on, 'count') && <FormField label="How many lines" placeholder="1" inputMode="numeric" {...bind('count')} />}
        {hasField(draft.on, 'window') && <FormField label="Within" placeholder="5m" {...bind('window')} />}
        {hasField(draft.on, 'after') && <FormField label="Nothing came for" placeholder="5m" {...bind('after')} />}
        <FormField label="It must hold for" placeholder="0s" {...bind('for')} />
        <FormField label="It fires on for" placeholder={draft.on === 'log' ? '15m' : '0s'} {...bind('keep_firing_for')} />
      </div>
      <FormField label="Labels that tell its alerts apart" placeholder={draft.on === 'log' ? 'source' : 'all labels of the series'} isCode {...bind('group_by')} />
      <FormField label="Title of its alerts" placeholder="{{ labels.host }} is slow" isCode {...bind('title')} />
      <div className="grid gap-3 sm:grid-cols-2">
        <FormText label="Labels of its alerts, one a line" placeholder="team=db" isCode {...bind('labels')} />
        <FormText label="Annotations, one a line" placeholder="runbook=https://…" isCode {...bind('annotations')} />
      </div>
      <label className="flex items-center gap-2 text-sm">
        <input type="checkbox" checked={draft.enabled} onChange={() => onChange({ enabled: !draft.enabled })} className="size-4 accent-(--accent)" />
        The rule is on
      </label>
    </>
  );
}
