import { useRef, useState, type FormEvent } from 'react';

import { useDataSources } from '@/api-client/get-data-sources';
import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { Select } from '@/components/ui/select';
import { SEVERITIES, type Severity } from '@/lib/severity';
import { useShortcuts } from '@/lib/shortcuts';
import { shortSource } from '@/lib/source-name';
import { useView } from '@/lib/use-view';

const AT_LEAST = [{ value: '', label: 'Any severity' }, ...(['fatal', 'error', 'warn', 'info'] as const).map((value) => ({ value, label: value === 'fatal' ? 'fatal' : `${value} or worse` }))];

/** Which lines are followed. */
export function TailFilter() {
  const [view, setView] = useView();
  const { data } = useDataSources();
  const form = useRef<HTMLFormElement>(null);
  const [draft, setDraft] = useState({ q: view.q ?? '', host: view.host?.join(',') ?? '' });
  useShortcuts({ '/': () => form.current?.querySelector('input')?.focus() });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setView({ q: draft.q.trim(), host: draft.host.split(',').map((host) => host.trim()).filter(Boolean) });
  };
  const sources = [{ value: '', label: 'Any source' }, ...(data?.items ?? []).map(({ name }) => ({ value: name, label: shortSource(name) }))];
  return (
    <form ref={form} role="search" onSubmit={submit} className="flex flex-wrap items-center gap-2">
      <Field label="Only lines that match" hideLabel placeholder='Only lines that match: words, "a phrase", -not, field:value' value={draft.q} onChange={(event) => setDraft({ ...draft, q: event.target.value })} className="min-w-0 basis-full font-mono md:flex-1 md:basis-0" />
      <Select label="Source" value={view.source?.[0] ?? ''} choices={sources} onChange={(value) => setView({ source: value ? [value] : undefined })} className="max-w-48" />
      <Field label="Host" hideLabel placeholder="Any host" value={draft.host} onChange={(event) => setDraft({ ...draft, host: event.target.value })} className="w-32" />
      <Select
        label="Severity"
        value={view.severity?.at(-1) ?? ''}
        choices={AT_LEAST}
        onChange={(value) => setView({ severity: value ? SEVERITIES.slice(0, SEVERITIES.indexOf(value as Severity) + 1) : undefined })}
      />
      <Button type="submit">Follow</Button>
    </form>
  );
}
