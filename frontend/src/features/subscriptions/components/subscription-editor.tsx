import { useState, type FormEvent } from 'react';

import { ApiError } from '@/api-client/http';
import type { Subscription } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';

import { useDeleteSubscription } from '../api/delete-subscription';
import { useSaveSubscription } from '../api/save-subscription';
import { draftOf, newDraft, readDraft, restOf, wrongOf, type Draft, type Wrong } from '../subscription-draft';

import { LatestDeliveries } from './latest-deliveries';
import { PreviewPanel } from './preview-panel';
import { SubscriptionFields } from './subscription-fields';
import { TestPanel } from './test-panel';

interface Props {
  /** None: a new one. */
  subscription?: Subscription;
  onMade: (id: string) => void;
  onClose: () => void;
}

/** How far the clock on the reader's wall is before UTC, in minutes. */
const ownOffset = () => -new Date().getTimezoneOffset();

const draftFrom = (subscription: Subscription | undefined) => (subscription ? draftOf(subscription, ownOffset()) : newDraft(ownOffset()));

/** A subscription as a form, what it would say, and what its channel answers. */
export function SubscriptionEditor({ subscription, onMade, onClose }: Props) {
  const id = subscription?.id ?? undefined;
  const [start, setStart] = useState(() => draftFrom(subscription));
  const [draft, setDraft] = useState(start);
  const [unread, setUnread] = useState<Wrong>({});
  const save = useSaveSubscription(id);
  const remove = useDeleteSubscription();
  const said = save.error instanceof ApiError ? wrongOf(save.error.problem) : save.error ? { '': save.error.message } : {};
  const wrong: Wrong = { ...said, ...unread };
  const begin = (kept: Draft) => {
    setStart(kept);
    setDraft(kept);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { wish, wrong: found } = readDraft(draft);
    setUnread(found ?? {});
    save.reset();
    if (wish) save.mutate(wish, { onSuccess: (kept) => (id === undefined ? onMade(kept.id ?? '') : begin(draftFrom(kept))) });
  };
  const rest = restOf(wrong);
  return (
    <div className="grid grid-cols-1 items-start gap-5 xl:grid-cols-2">
      <Panel
        title={id === undefined ? 'New subscription' : start.name}
        aside={
          <Button look="quiet" onClick={onClose}>
            All subscriptions
          </Button>
        }
      >
        <form onSubmit={submit} noValidate className="space-y-5 p-4">
          <SubscriptionFields draft={draft} wrong={wrong} onChange={(patch) => setDraft({ ...draft, ...patch })} />
          {rest && (
            <p role="alert" className="text-sm break-words text-danger">
              {rest}
            </p>
          )}
          <div className="flex flex-wrap gap-2">
            <Button type="submit" look="primary" disabled={save.isPending}>
              {id === undefined ? 'Make the subscription' : 'Keep the changes'}
            </Button>
            <Button onClick={onClose}>Cancel</Button>
            {id !== undefined && <Delete name={start.name} isBusy={remove.isPending} onDelete={() => remove.mutate(id, { onSuccess: onClose })} />}
          </div>
        </form>
      </Panel>
      <div className="space-y-5">
        <PreviewPanel draft={draft} />
        <TestPanel id={id} isChanged={draft !== start} />
        {id !== undefined && <LatestDeliveries id={id} />}
      </div>
    </div>
  );
}

/** Drops a subscription at the second press. */
function Delete({ name, isBusy, onDelete }: { name: string; isBusy: boolean; onDelete: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <Button look={asked ? 'danger' : 'quiet'} icon="trash" className="ml-auto max-w-full" disabled={isBusy} onClick={() => (asked ? onDelete() : setAsked(true))}>
      <span className="truncate">{asked ? `Yes, delete ${name} and its deliveries` : 'Delete'}</span>
    </Button>
  );
}
