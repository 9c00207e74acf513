import { useState, type FormEvent } from 'react';

import { ApiError } from '@/api-client/http';
import type { TicketSettings } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Check } from '@/components/ui/check';
import { inputClass } from '@/components/ui/field';
import { FormField } from '@/components/ui/form-field';
import { ALERT_SEVERITIES, type AlertSeverity } from '@/lib/alert-words';

import { useSaveTicketSettings } from '../api/save-ticket-settings';
import { draftOf, isChanged, problemsOf, REOPEN_HOURS_MAX, settingsOf, thresholdText, type SettingsDraft, type SettingsField } from '../settings-draft';

/** How sure an alert must be, and how a ticket ends and goes on. */
export function SettingsForm({ settings }: { settings: TicketSettings }) {
  const [draft, setDraft] = useState(() => draftOf(settings));
  const save = useSaveTicketSettings();
  const problems = problemsOf(draft);
  const said = save.error instanceof ApiError ? save.error.problem : undefined;
  const wrong = (field: SettingsField) => problems[field] ?? said?.errors?.find((each) => each.field === field)?.detail;
  const changed = isChanged(draft, settings);
  const change = (patch: Partial<SettingsDraft>) => {
    save.reset();
    setDraft({ ...draft, ...patch });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (Object.keys(problems).length === 0) save.mutate(settingsOf(draft));
  };
  return (
    <Panel title="How sure an alert must be">
      <form onSubmit={submit} noValidate className="space-y-4 p-4">
        <p className="text-sm text-soft">An alert gets a ticket if its confidence is at least the threshold of its severity, from 0 to 1.</p>
        <ul className="space-y-2">
          {ALERT_SEVERITIES.map((severity) => (
            <Threshold key={severity} severity={severity} draft={draft.thresholds[severity]} wrong={wrong(`thresholds.${severity}`)} onChange={(one) => change({ thresholds: { ...draft.thresholds, [severity]: one } })} />
          ))}
        </ul>
        <Check label="Resolve a ticket when its alert is over" isOn={draft.resolves} onChange={(resolves) => change({ resolves })} />
        <FormField
          label="Reopen within hours"
          type="number"
          min={0}
          max={REOPEN_HOURS_MAX}
          step="any"
          hint="An alert that comes back so soon after its ticket was resolved opens it again; later it gets a new one."
          wrong={wrong('reopen_hours')}
          value={draft.reopenHours}
          onChange={(event) => change({ reopenHours: event.target.value })}
          className="max-w-sm [&>input]:w-28"
        />
        {save.error && (
          <p role="alert" className="text-sm break-words text-danger">
            {save.error.message}
          </p>
        )}
        <div className="flex flex-wrap gap-2">
          <Button type="submit" look="primary" disabled={save.isPending || !changed || Object.keys(problems).length > 0}>
            Keep the changes
          </Button>
          <Button look="quiet" disabled={!changed} onClick={() => change(draftOf(settings))}>
            Undo
          </Button>
        </div>
      </form>
    </Panel>
  );
}

type One = SettingsDraft['thresholds'][AlertSeverity];

function Threshold({ severity, draft, wrong, onChange }: { severity: AlertSeverity; draft: One; wrong?: string; onChange: (one: One) => void }) {
  return (
    <li className="grid grid-cols-[5rem_5rem_auto] items-center gap-x-3 gap-y-0.5 text-sm sm:grid-cols-[5rem_5rem_5rem_1fr]">
      <AlertSeverityTag severity={severity} />
      <input
        type="number"
        min={0}
        max={1}
        step={0.05}
        aria-label={`Threshold of ${severity}`}
        aria-invalid={wrong !== undefined}
        disabled={draft.isNever}
        value={draft.text}
        onChange={(event) => onChange({ ...draft, text: event.target.value })}
        className={`${inputClass} tabular-nums disabled:opacity-50 ${wrong ? 'border-danger!' : ''}`}
      />
      <Check label="never" isOn={draft.isNever} onChange={(isNever) => onChange({ ...draft, isNever })} />
      <span role={wrong ? 'alert' : undefined} className={`text-xs max-sm:col-span-3 ${wrong ? 'text-danger' : 'text-faint'}`}>
        {wrong ?? thresholdText(draft)}
      </span>
    </li>
  );
}
