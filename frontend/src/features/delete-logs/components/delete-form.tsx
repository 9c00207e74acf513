import { useEffect, useState, type FormEvent } from 'react';

import { Button } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { Field } from '@/components/ui/field';
import { Skeleton } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { useAnchor, useRange } from '@/lib/anchor';
import { formatCount, plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { rangeLabel } from '@/lib/time-range';
import { useView } from '@/lib/use-view';

import { useDeleteCount, useDeleteLogs, type DeleteWish } from '../api/delete-logs';

/** Counts first; deletes only when the count was typed. */
export function DeleteForm({ onDone }: { onDone: () => void }) {
  const [view] = useView();
  const { from, to } = useRange();
  const { source, host, severity, template } = view;
  const wish: DeleteWish = { q: view.q?.trim() || undefined, from, to, source, host, severity, template };
  const count = useDeleteCount();
  const remove = useDeleteLogs();
  const [typed, setTyped] = useState('');
  const { mutate } = count;
  const key = JSON.stringify(wish);
  useEffect(() => mutate(JSON.parse(key) as DeleteWish), [key, mutate]);

  const matches = count.data?.matches;
  const confirmed = matches !== undefined && matches > 0 && typed.replace(/[\s,.]/g, '') === String(matches);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (confirmed) remove.mutate(wish);
  };
  if (remove.data) return <Started onDone={onDone} />;
  return (
    <form onSubmit={submit} className="space-y-4 pt-2">
      <dl className="grid grid-cols-[5rem_1fr] gap-y-1 rounded-md border border-line bg-sunken p-3 text-xs">
        <dt className="text-soft">Query</dt>
        <dd className="font-mono break-all">{wish.q ?? 'every line'}</dd>
        <dt className="text-soft">Time</dt>
        <dd>{rangeLabel({ from: view.from, to: view.to }, (ms) => new Date(ms).toISOString())}</dd>
        {Object.entries({ source, host, severity, template }).map(
          ([name, values]) =>
            values && (
              <div key={name} className="contents">
                <dt className="text-soft">{name}</dt>
                <dd className="break-all">{values.join(', ')}</dd>
              </div>
            ),
        )}
      </dl>
      {view.mode && view.mode !== 'text' && view.q && <p className="text-xs text-(--warn-text)">Deleting goes by the exact words, not by their meaning.</p>}
      {count.error && <Failure error={count.error} retry={() => mutate(wish)} />}
      {remove.error && <Failure error={remove.error} />}
      {count.isPending && <Skeleton className="h-4 w-48" />}
      {matches === 0 && <p>No line matches; there is nothing to delete.</p>}
      {matches !== undefined && matches > 0 && (
        <>
          <p>
            <strong>{plural(matches, 'line')}</strong> would be deleted.
          </p>
          <Field label={`Type ${formatCount(matches)} to confirm`} inputMode="numeric" value={typed} onChange={(event) => setTyped(event.target.value)} />
          <Button type="submit" look="danger" icon="trash" disabled={!confirmed || remove.isPending}>
            Delete {plural(matches, 'line')}
          </Button>
        </>
      )}
    </form>
  );
}

function Started({ onDone }: { onDone: () => void }) {
  const { refresh } = useAnchor();
  return (
    <div className="space-y-3 pt-2">
      <p role="status">The deletion has begun. It runs in the background.</p>
      <div className="flex gap-2">
        <ViewLink to={PAGES.jobs} view={{ kind: 'delete_logs' }} className="text-accent hover:underline">
          Watch the job
        </ViewLink>
        <Button className="ml-auto" onClick={() => {
            refresh();
            onDone();
          }}
        >
          Close
        </Button>
      </div>
    </div>
  );
}
