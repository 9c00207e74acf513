import type { ReactNode } from 'react';

import { Check } from '@/components/ui/check';
import { FormField, FormText } from '@/components/ui/form-field';
import { ALERT_KINDS, ALERT_SEVERITIES } from '@/lib/alert-words';

import type { FieldsProps } from '../subscription-draft';

import { ChannelFields } from './channel-fields';
import { TimingFields } from './timing-fields';

/** The fields of a subscription: which alerts, where to, when, in which words. */
export function SubscriptionFields({ draft, wrong, onChange }: FieldsProps) {
  return (
    <>
      <FormField label="Name" placeholder="db, a day ahead" maxLength={200} value={draft.name} wrong={wrong.name} onChange={({ target }) => onChange({ name: target.value })} />
      <Part title="Which alerts">
        <Choices label="Kinds" all={ALERT_KINDS} chosen={draft.kinds} onChange={(kinds) => onChange({ kinds })} />
        <Choices label="Severities" all={ALERT_SEVERITIES} chosen={draft.severities} onChange={(severities) => onChange({ severities })} />
        <FormField
          label="Labels that the alerts have"
          placeholder={'team="db", host=~"web-.*"'}
          hint="All must hold."
          isCode
          value={draft.matchers}
          wrong={wrong['filter.matchers']}
          onChange={({ target }) => onChange({ matchers: target.value })}
        />
        <div className="grid gap-3 sm:grid-cols-2">
          <FormField
            label="Probability of at least"
            placeholder="0.8"
            hint="From 0 to 1"
            inputMode="decimal"
            value={draft.min_probability}
            wrong={wrong['filter.min_probability']}
            onChange={({ target }) => onChange({ min_probability: target.value })}
          />
          <FormField
            label="Hours ahead of at least"
            placeholder="24"
            hint="For predictions; other kinds are not held to it"
            inputMode="decimal"
            value={draft.min_lead_hours}
            wrong={wrong['filter.min_lead_hours']}
            onChange={({ target }) => onChange({ min_lead_hours: target.value })}
          />
        </div>
      </Part>
      <Part title="Where to">
        <ChannelFields draft={draft} wrong={wrong} onChange={onChange} />
      </Part>
      <Part title="When">
        <TimingFields draft={draft} wrong={wrong} onChange={onChange} />
      </Part>
      <Part title="In which words">
        <FormField label="Title, in MiniJinja" placeholder="[{{ alert.severity }}] {{ alert.title }}" hint="Empty: Tocsin's own words." isCode value={draft.title} wrong={wrong['template.title']} onChange={({ target }) => onChange({ title: target.value })} />
        <FormText
          label="Text, in MiniJinja"
          rows={4}
          placeholder={'{{ alert.summary }}\n{{ alert.url }}'}
          hint="It sees alert, alerts, status, news, count, more and subscription. An alert has title, severity, kind, rule, labels, summary, probability, starts_at, evidence, url and others."
          isCode
          value={draft.text}
          wrong={wrong['template.text']}
          onChange={({ target }) => onChange({ text: target.value })}
        />
      </Part>
      <Check label="The subscription is on" isOn={draft.enabled} onChange={(enabled) => onChange({ enabled })} />
    </>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <fieldset className="min-w-0 space-y-3 border-t border-line pt-3">
      <legend className="float-left w-full pb-2 text-sm font-semibold">{title}</legend>
      <div className="clear-both space-y-3">{children}</div>
    </fieldset>
  );
}

/** Any of a few; none means that it does not matter. */
function Choices({ label, all, chosen, onChange }: { label: string; all: readonly string[]; chosen: string[]; onChange: (chosen: string[]) => void }) {
  return (
    <div role="group" aria-label={label}>
      <p className="mb-1 text-xs text-soft">
        {label}
        {chosen.length === 0 && <span className="text-faint">: any</span>}
      </p>
      <div className="flex flex-wrap gap-x-4 gap-y-1.5">
        {all.map((one) => (
          <Check key={one} label={one} isOn={chosen.includes(one)} onChange={(isOn) => onChange(all.filter((each) => (each === one ? isOn : chosen.includes(each))))} />
        ))}
      </div>
    </div>
  );
}
