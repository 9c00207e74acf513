import { useState } from 'react';

import { apiUrl } from '@/api-client/http';
import { Button, buttonClass } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { Popover } from '@/components/ui/popover';
import { rangeProblem, resolveRange } from '@/lib/time-range';

const FORMATS = [
  ['csv', 'CSV'],
  ['ndjson', 'NDJSON'],
] as const;

/** Downloads the trail of a stretch of time, or all of it. */
export function AuditExport() {
  const [draft, setDraft] = useState({ from: '', to: '' });
  // What `now` means is decided when it is written.
  const [now, setNow] = useState(() => Date.now());
  const range = { from: draft.from.trim() || undefined, to: draft.to.trim() || undefined };
  const problem = rangeProblem(range, now);
  const change = (patch: Partial<typeof draft>) => {
    setDraft({ ...draft, ...patch });
    setNow(Date.now());
  };
  return (
    <Popover label="Export the audit trail" align="end" trigger={<Button icon="download">Export</Button>}>
      <div className="space-y-3">
        <Field label="From" placeholder="the beginning" value={draft.from} onChange={(event) => change({ from: event.target.value })} />
        <Field label="To" placeholder="now" value={draft.to} onChange={(event) => change({ to: event.target.value })} />
        {problem && (
          <p role="alert" className="text-xs text-danger">
            {problem}
          </p>
        )}
        <p className="flex gap-2">
          {FORMATS.map(([format, label]) =>
            problem ? (
              <Button key={format} disabled>
                {label}
              </Button>
            ) : (
              <a key={format} href={apiUrl('automation/audit/export', { format, ...resolveRange(range, now) })} download={`tocsin-automation.${format}`} className={buttonClass()}>
                {label}
              </a>
            ),
          )}
        </p>
      </div>
    </Popover>
  );
}
