import { useState, type FormEvent } from 'react';

import type { AutomationRule } from '@/api-client/automation-types';
import { inputClass } from '@/components/ui/field';

import { spanSecs, spanText } from '../rule-match';

const SECS_MAX = 604_800;

/** How long a rule rests after a run, as a field that is kept with Enter or when it is left. */
export function CooldownField({ rule, isBusy, onChange }: { rule: AutomationRule; isBusy: boolean; onChange: (secs: number) => void }) {
  const before = spanText(rule.cooldown_secs);
  const [text, setText] = useState(before);
  // The field is left once it is sent, which must not send it again.
  const [sent, setSent] = useState<string>();
  const secs = spanSecs(text);
  const isWrong = secs === undefined || secs > SECS_MAX;
  const keep = () => {
    if (isWrong || secs === rule.cooldown_secs || text === sent) return;
    setSent(text);
    onChange(secs);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    keep();
  };
  return (
    <form onSubmit={submit} onBlur={keep}>
      <input
        aria-label={`Cooldown of ${rule.id}`}
        aria-invalid={isWrong}
        title={isWrong ? 'Write a span such as 15m or 1h 30m, up to 7d' : 'Such as 15m or 1h 30m'}
        disabled={isBusy}
        value={text}
        onChange={(event) => {
          setText(event.target.value);
          setSent(undefined);
        }}
        onKeyDown={(event) => event.key === 'Escape' && setText(before)}
        className={`${inputClass} h-7! w-20! tabular-nums ${isWrong ? 'border-danger!' : ''}`}
      />
    </form>
  );
}
