import { useState } from 'react';

import type { IncidentDetail } from '@/api-client/types';
import { Button } from '@/components/ui/button';
import { plural } from '@/lib/format';

import { useActOnIncident } from '../api/act-on-incident';

import { AddDialog } from './add-dialog';
import { MergeDialog } from './merge-dialog';
import { RenameDialog } from './rename-dialog';

interface Props {
  incident: IncidentDetail;
  /** The alerts that are selected. */
  selected: string[];
  onDone: () => void;
}

/** What people can do with an incident. */
export function IncidentActions({ incident, selected, onDone }: Props) {
  const act = useActOnIncident(incident.id);
  const [asked, setAsked] = useState<'rename' | 'merge' | 'add'>();
  const close = () => setAsked(undefined);
  const isResolved = incident.status === 'resolved';
  // An incident without alerts is none.
  const canSplit = selected.length > 0 && selected.length < incident.alert_count;
  return (
    <div role="group" aria-label="Actions" className="flex flex-wrap gap-1.5">
      {!isResolved && (
        <Button look={incident.status === 'open' ? 'primary' : 'plain'} disabled={act.isPending || incident.status !== 'open'} onClick={() => act.mutate({ action: 'acknowledge' })}>
          Acknowledge
        </Button>
      )}
      <Button disabled={act.isPending} onClick={() => act.mutate({ action: isResolved ? 'reopen' : 'resolve' })}>
        {isResolved ? 'Reopen' : 'Resolve'}
      </Button>
      <Button onClick={() => setAsked('rename')}>Rename</Button>
      <Button onClick={() => setAsked('merge')}>Merge with another</Button>
      <Button onClick={() => setAsked('add')}>Add alerts</Button>
      <Button disabled={act.isPending || !canSplit} title={canSplit ? undefined : 'Select some of its alerts, but not all'} onClick={() => act.mutate({ action: 'split', alerts: selected }, { onSuccess: onDone })}>
        {selected.length > 0 ? `Split off ${plural(selected.length, 'alert')}` : 'Split the selected'}
      </Button>
      <Button aria-pressed={incident.is_pinned} disabled={act.isPending} title="Pinned: people alone decide what belongs to it" onClick={() => act.mutate({ action: 'pin', pinned: !incident.is_pinned })}>
        {incident.is_pinned ? 'Unpin' : 'Pin'}
      </Button>
      {asked === 'rename' && <RenameDialog title={incident.title} onTitle={(title) => act.mutate({ action: 'title', title }, { onSuccess: close })} onClose={close} />}
      {asked === 'merge' && <MergeDialog own={incident.id} onChoose={(other) => act.mutate({ action: 'merge', incident: other }, { onSuccess: close })} onClose={close} />}
      {asked === 'add' && <AddDialog own={incident.id} onAdd={(alerts) => act.mutate({ action: 'add', alerts }, { onSuccess: close })} onClose={close} />}
    </div>
  );
}
