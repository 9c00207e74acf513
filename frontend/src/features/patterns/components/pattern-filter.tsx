import { useEffect, useState } from 'react';

import { Field } from '@/components/ui/field';
import { Select } from '@/components/ui/select';
import { SEVERITIES, type Severity } from '@/lib/severity';
import { useView } from '@/lib/use-view';

const PAUSE_MS = 250;
const ATLEAST = [
  { value: '', label: 'Any severity' },
  ...(['fatal', 'error', 'warn', 'info'] as const).map((value) => ({ value, label: value === 'fatal' ? 'fatal' : `${value} or worse` })),
];

const upTo = (severity: Severity) => SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1);

/** Narrows the list by text and by severity. */
export function PatternFilter() {
  const [view, setView] = useView();
  const [draft, setDraft] = useState({ from: view.q, text: view.q ?? '' });
  if (draft.from !== view.q) setDraft({ from: view.q, text: draft.text.trim() === view.q ? draft.text : (view.q ?? '') });
  const wanted = draft.text.trim();
  useEffect(() => {
    if (wanted === (view.q ?? '')) return undefined;
    const timer = window.setTimeout(() => setView({ q: wanted }, { replace: true }), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [wanted, view.q, setView]);
  return (
    <>
      <Field label="Filter by text" hideLabel placeholder="Filter by text" type="search" value={draft.text} onChange={(event) => setDraft({ from: view.q, text: event.target.value })} className="w-48" />
      <Select
        label="Severity"
        value={view.severity?.at(-1) ?? ''}
        choices={ATLEAST}
        onChange={(value) => setView({ severity: value === '' ? undefined : upTo(value as Severity) })}
      />
    </>
  );
}
