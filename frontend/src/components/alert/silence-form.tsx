import { useState, type FormEvent } from 'react';

import { useCreateSilence } from '@/api-client/create-silence';
import { ApiError } from '@/api-client/http';
import { useSilencePreview } from '@/api-client/preview-silence';
import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { Select } from '@/components/ui/select';
import { plural } from '@/lib/format';
import { parseMatchers, type Matcher } from '@/lib/matchers';
import { parseMoment } from '@/lib/time-range';
import { toast } from '@/lib/toasts';

const REPEATS = [
  { value: '', label: 'Once' },
  { value: 'daily', label: 'Every day' },
  { value: 'weekly', label: 'Every week' },
] as const;
const SPANS = ['now+1h', 'now+4h', 'now+1d', 'now+7d'];

/** Makes a silence, or a maintenance window that comes again; says beforehand what it would hold. */
export function SilenceForm({ matchers = '', onDone }: { matchers?: string; onDone: () => void }) {
  const [draft, setDraft] = useState({ matchers, from: '', to: 'now+1h', recurrence: '' as (typeof REPEATS)[number]['value'], comment: '' });
  const [problem, setProblem] = useState<string>();
  const create = useCreateSilence();
  const read = parseMatchers(draft.matchers);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const now = Date.now();
    const starts = draft.from.trim() === '' ? now : parseMoment(draft.from, now);
    const ends = parseMoment(draft.to, now);
    const found = !read?.length
      ? 'Write at least one matcher, such as host="web-1".'
      : starts === undefined || ends === undefined
        ? 'Write times such as now+2h or 2026-01-31 14:00.'
        : ends <= starts
          ? 'The end must lie after the start.'
          : undefined;
    setProblem(found);
    if (found || !read || ends === undefined || starts === undefined) return;
    const wish = {
      matchers: read,
      starts_at: draft.from.trim() === '' ? null : new Date(starts).toISOString(),
      ends_at: new Date(ends).toISOString(),
      recurrence: draft.recurrence || null,
      comment: draft.comment.trim(),
    };
    create.mutate(wish, {
      onSuccess: () => {
        toast('The silence is made');
        onDone();
      },
    });
  };
  return (
    <form onSubmit={submit} className="space-y-3 pt-2">
      <Field label="Labels that the alerts have" placeholder={'team="db", host=~"web-.*"'} value={draft.matchers} onChange={(event) => setDraft({ ...draft, matchers: event.target.value })} className="[&>input]:font-mono" />
      <Preview matchers={read} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="From" placeholder="now" value={draft.from} onChange={(event) => setDraft({ ...draft, from: event.target.value })} />
        <Field label="Until" list="silence-spans" value={draft.to} onChange={(event) => setDraft({ ...draft, to: event.target.value })} />
        <datalist id="silence-spans">
          {SPANS.map((span) => (
            <option key={span} value={span} />
          ))}
        </datalist>
      </div>
      <div className="flex flex-wrap items-end gap-3">
        <label className="text-xs text-soft">
          <span className="mb-1 block">It comes (in UTC)</span>
          <Select label="It comes" value={draft.recurrence} choices={REPEATS} onChange={(recurrence) => setDraft({ ...draft, recurrence })} />
        </label>
        <Field label="Why" value={draft.comment} onChange={(event) => setDraft({ ...draft, comment: event.target.value })} className="min-w-40 flex-1" />
      </div>
      <Wrong problem={problem} error={create.error} />
      <Button type="submit" look="primary" disabled={create.isPending}>
        Silence
      </Button>
    </form>
  );
}

function Wrong({ problem, error }: { problem?: string; error: Error | null }) {
  const said = problem ?? (error instanceof ApiError ? (error.problem.errors?.map(({ detail }) => detail).join('; ') || error.problem.detail) : error?.message);
  if (!said) return null;
  return (
    <p role="alert" className="text-xs break-words text-danger">
      {said}
    </p>
  );
}

function Preview({ matchers }: { matchers: Matcher[] | undefined }) {
  const isAsked = matchers !== undefined && matchers.length > 0;
  const { data, error } = useSilencePreview(matchers ?? [], isAsked);
  if (matchers === undefined) return <p className="text-xs text-(--warn-text)">These cannot be read as matchers yet.</p>;
  if (!isAsked) return <p className="text-xs text-soft">All matchers must hold for an alert to be held back.</p>;
  if (error) return <p className="text-xs break-words text-danger">{error.message}</p>;
  return (
    <div role="status" className="text-xs text-soft">
      {data ? `It would hold ${data.is_cut ? 'more than ' : ''}${plural(data.alerts, 'open alert')} now.` : 'Counting…'}
      <ul className="mt-0.5">
        {data?.examples.slice(0, 3).map(({ id, title }) => (
          <li key={id} className="truncate text-faint">
            {title}
          </li>
        ))}
      </ul>
    </div>
  );
}
