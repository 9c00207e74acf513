import { useState } from 'react';

import { useAlerts } from '@/api-client/get-alerts';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { Field } from '@/components/ui/field';
import { SkeletonLines } from '@/components/ui/skeleton';
import { OPEN_STATUSES } from '@/lib/alert-words';
import { plural } from '@/lib/format';

const SHOWN = 50;

/** Asks which open alerts belong here too. */
export function AddDialog({ own, onAdd, onClose }: { own: string; onAdd: (alerts: string[]) => void; onClose: () => void }) {
  const [q, setQ] = useState('');
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const { data, error, refetch } = useAlerts({ status: OPEN_STATUSES, q: q.trim() || undefined }, SHOWN);
  const others = data?.items.filter(({ incident }) => incident !== own);
  const toggle = (id: string) => {
    const next = new Set(chosen);
    if (!next.delete(id)) next.add(id);
    setChosen(next);
  };
  return (
    <Dialog title="Add alerts" description="What is added by hand does not leave by itself." open onOpenChange={(open) => !open && onClose()}>
      <div className="space-y-3 pt-2">
        <Field label="Words of title or labels" type="search" value={q} onChange={(event) => setQ(event.target.value)} />
        {error && <Failure error={error} retry={() => void refetch()} />}
        {!data && !error && <SkeletonLines count={4} label="Loading the alerts" />}
        {others?.length === 0 && <p className="text-sm text-soft">No other open alert fits.</p>}
        <ul className="max-h-72 divide-y divide-line overflow-y-auto">
          {others?.map(({ id, title, severity }) => (
            <li key={id}>
              <label className="flex items-start gap-2.5 py-2 text-sm">
                <input type="checkbox" checked={chosen.has(id)} onChange={() => toggle(id)} className="mt-1 size-4 accent-(--accent)" />
                <span className="min-w-0">
                  <span className="block break-words">{title}</span>
                  <AlertSeverityTag severity={severity} />
                </span>
              </label>
            </li>
          ))}
        </ul>
        <Button look="primary" disabled={chosen.size === 0} onClick={() => onAdd([...chosen])}>
          Add {plural(chosen.size, 'alert')}
        </Button>
      </div>
    </Dialog>
  );
}
