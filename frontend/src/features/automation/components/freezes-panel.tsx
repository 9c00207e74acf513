import { useState, type FormEvent } from 'react';

import type { Freeze, FreezeWish } from '@/api-client/automation-types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Empty } from '@/components/ui/empty';
import { Field } from '@/components/ui/field';
import { Select } from '@/components/ui/select';
import { formatSpan } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { toast } from '@/lib/toasts';
import { useNow } from '@/lib/use-now';

import { useSaveFreezes } from '../api/save-freezes';
import { freezeEnd, freezeOf, freezeText, isOver, NEW_FREEZE, type FreezeDraft } from '../freeze-draft';

/** Times in which nothing begins: those that there are, and new ones. */
export function FreezesPanel({ freezes }: { freezes: readonly Freeze[] }) {
  const [making, setMaking] = useState(false);
  const now = useNow(2);
  const save = useSaveFreezes();
  return (
    <Panel
      title="Freezes"
      aside={
        <Button icon="plus" onClick={() => setMaking(true)}>
          New freeze
        </Button>
      }
    >
      {freezes.length === 0 && (
        <Empty icon="calendar" title="No freeze">
          While one holds, nothing begins; what goes on goes on, and rules go on proposing.
        </Empty>
      )}
      <ul aria-label="Freezes" className="divide-y divide-line text-sm">
        {freezes.map((freeze, index) => (
          <Item key={index} freeze={freeze} now={now} isBusy={save.isPending} onRemove={() => save.mutate(freezes.filter((_, at) => at !== index), { onSuccess: () => toast('The freeze is taken away') })} />
        ))}
      </ul>
      <Dialog title="New freeze" description="Once, or every day or week at the same time (in UTC)." open={making} onOpenChange={setMaking} className="max-w-md">
        <FreezeForm isBusy={save.isPending} error={save.error} onFreeze={(freeze) => save.mutate([...freezes, freeze], { onSuccess: () => setMaking(false) })} />
      </Dialog>
    </Panel>
  );
}

function Item({ freeze, now, isBusy, onRemove }: { freeze: Freeze; now: number; isBusy: boolean; onRemove: () => void }) {
  const [zone] = useZone();
  const end = freezeEnd(freeze, now);
  return (
    <li className="flex flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2.5">
      <div className="min-w-48 flex-1">
        <p className={`[overflow-wrap:anywhere] ${isOver(freeze, now) ? 'text-soft' : ''}`}>{freeze.reason}</p>
        <p className="text-xs text-faint tabular-nums">
          {freezeText(freeze, zone)}
          {end !== undefined && <strong className="font-semibold text-(--warn-text)"> · holds now, for another {formatSpan((end - now) / 1000)}</strong>}
          {isOver(freeze, now) && ' · over'}
        </p>
      </div>
      <Button aria-label={`Take away the freeze ${freeze.reason}`} disabled={isBusy} onClick={onRemove}>
        {end !== undefined ? 'End now' : 'Take away'}
      </Button>
    </li>
  );
}

const RECURRENCES = [
  { value: '', label: 'once' },
  { value: 'daily', label: 'every day' },
  { value: 'weekly', label: 'every week' },
] as const;

function FreezeForm({ isBusy, error, onFreeze }: { isBusy: boolean; error: Error | null; onFreeze: (freeze: FreezeWish) => void }) {
  const [draft, setDraft] = useState<FreezeDraft>(NEW_FREEZE);
  const [problem, setProblem] = useState<string>();
  const change = (patch: Partial<FreezeDraft>) => setDraft({ ...draft, ...patch });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const freeze = freezeOf(draft, Date.now());
    setProblem(typeof freeze === 'string' ? freeze : undefined);
    if (typeof freeze !== 'string') onFreeze(freeze);
  };
  const wrong = problem ?? error?.message;
  return (
    <form onSubmit={submit} className="space-y-3 pt-2">
      <Field label="Why" placeholder="release week" maxLength={200} value={draft.reason} onChange={(event) => change({ reason: event.target.value })} />
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label="From" value={draft.from} onChange={(event) => change({ from: event.target.value })} />
        <Field label="Until" placeholder="now+4h or 2026-01-31 14:00" value={draft.to} onChange={(event) => change({ to: event.target.value })} />
      </div>
      <label className="block text-xs text-soft">
        <span className="mb-1 block">It comes</span>
        <Select label="It comes" value={draft.recurrence} choices={RECURRENCES} onChange={(recurrence) => change({ recurrence })} />
      </label>
      {wrong && (
        <p role="alert" className="text-sm break-words text-danger">
          {wrong}
        </p>
      )}
      <Button type="submit" look="primary" disabled={isBusy}>
        Freeze
      </Button>
    </form>
  );
}
