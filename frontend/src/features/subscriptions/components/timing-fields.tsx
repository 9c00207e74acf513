import { Check } from '@/components/ui/check';
import { FormField } from '@/components/ui/form-field';

import { GATHERS, type FieldsProps } from '../subscription-draft';
import { offsetText } from '../subscription-text';

/** When it is better to wait, and how much is too much. */
export function TimingFields({ draft, wrong, onChange }: FieldsProps) {
  const offset = Number(draft.quietOffset || 'x');
  return (
    <>
      <Check label="Quiet hours: low and medium alerts wait for the end" isOn={draft.isQuiet} onChange={(isQuiet) => onChange({ isQuiet })} />
      {draft.isQuiet && (
        <div className="grid gap-3 pl-6 sm:grid-cols-3">
          <FormField label="From" type="time" value={draft.quietFrom} wrong={wrong['quiet_hours.from'] ?? wrong.quiet_hours} onChange={({ target }) => onChange({ quietFrom: target.value })} />
          <FormField label="To" type="time" value={draft.quietTo} wrong={wrong['quiet_hours.to']} onChange={({ target }) => onChange({ quietTo: target.value })} />
          <FormField
            label="Minutes before UTC"
            inputMode="numeric"
            hint={Number.isInteger(offset) ? `${offsetText(offset)}, summer and winter` : undefined}
            value={draft.quietOffset}
            wrong={wrong['quiet_hours.utc_offset_minutes']}
            onChange={({ target }) => onChange({ quietOffset: target.value })}
          />
        </div>
      )}
      {GATHERS(draft.type) ? (
        <>
          <FormField label="Digest: one message for what happened in" placeholder="each at once; or 15m, 1h, 1d" value={draft.digest} wrong={wrong.digest_secs} onChange={({ target }) => onChange({ digest: target.value })} />
          <Check label="Rate limit: what is more is told in one message" isOn={draft.isLimited} onChange={(isLimited) => onChange({ isLimited })} />
          {draft.isLimited && (
            <div className="grid gap-3 pl-6 sm:grid-cols-2">
              <FormField label="Messages at most" inputMode="numeric" value={draft.limitMessages} wrong={wrong['rate_limit.messages']} onChange={({ target }) => onChange({ limitMessages: target.value })} />
              <FormField label="Within" placeholder="10m" value={draft.limitWindow} wrong={wrong['rate_limit.window_secs']} onChange={({ target }) => onChange({ limitWindow: target.value })} />
            </div>
          )}
        </>
      ) : (
        <p className="text-xs text-faint">PagerDuty has one entry for each alert: there is neither digest nor rate limit.</p>
      )}
    </>
  );
}
