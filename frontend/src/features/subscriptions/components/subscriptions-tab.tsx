import type { Subscription } from '@/api-client/types';
import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useSubscriptions } from '../api/get-subscriptions';
import { subscriptionText } from '../subscription-text';

import { SubscriptionEditor } from './subscription-editor';
import { SubscriptionList } from './subscription-list';

/** In the URL in place of an id, which has no such character. */
const NEW = '+';

/** All subscriptions, or the one that is worked on. */
export function SubscriptionsTab() {
  const [view, setView] = useView();
  const { data, error, isPending, refetch } = useSubscriptions();
  const all = data?.items ?? [];
  const close = () => setView({ subscription: undefined });
  const open = (subscription: string) => setView({ subscription });
  if (view.subscription === NEW) return <SubscriptionEditor key={NEW} onMade={(id) => setView({ subscription: id }, { replace: true })} onClose={close} />;
  const opened = all.find(({ id }) => id === view.subscription);
  if (opened) return <SubscriptionEditor key={opened.id} subscription={opened} onMade={open} onClose={close} />;
  const q = (view.q ?? '').toLowerCase();
  const items = all.filter((one) => subscriptionText(one).toLowerCase().includes(q));
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <FilterField label="Filter the subscriptions" />
        <span className="text-xs text-faint">{data && plural(items.length, 'subscription')}</span>
        <Button icon="plus" look="primary" className="ml-auto" onClick={() => open(NEW)}>
          New subscription
        </Button>
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={6} label="Loading the subscriptions" />}
      {data && view.subscription && <p className="border-b border-line px-4 py-2 text-sm text-(--warn-text)">There is no such subscription any more.</p>}
      {data && <Shown all={all} items={items} onOpen={open} />}
    </Panel>
  );
}

function Shown({ all, items, onOpen }: { all: Subscription[]; items: Subscription[]; onOpen: (id: string) => void }) {
  if (items.length > 0) return <SubscriptionList items={items} onOpen={onOpen} />;
  if (all.length > 0) return <Empty icon="send" title="No subscription fits">None has these words.</Empty>;
  return (
    <Empty
      icon="send"
      title="Nobody is told yet"
      actions={
        <Button icon="plus" onClick={() => onOpen(NEW)}>
          New subscription
        </Button>
      }
    >
      A subscription says which alerts go where: to a chat, a pager, or a program of yours. For example predictions that are at least a day ahead, to the people of the database.
    </Empty>
  );
}
