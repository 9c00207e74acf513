import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { useDeliveryPages } from '../api/get-deliveries';
import { useSubscriptions } from '../api/get-subscriptions';
import { DELIVERY_STATES, isDeliveryState } from '../delivery-summary';

import { DeliveryRows } from './delivery-rows';

const STATES = [{ value: '', label: 'Any state' }, ...DELIVERY_STATES.map(({ value, label }) => ({ value: value as string, label }))];

/** What was told, waits, was needless or was given up. */
export function DeliveryLog() {
  const [view, setView] = useView();
  const state = isDeliveryState(view.status) ? view.status : undefined;
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useDeliveryPages({ state, subscription: view.subscription });
  const subscriptions = useSubscriptions().data?.items ?? [];
  const nameOf = (id: string) => subscriptions.find((one) => one.id === id)?.name ?? id.slice(0, 8);
  const known = subscriptions.map(({ id, name }) => ({ value: id ?? '', label: name }));
  const choices = [{ value: '', label: 'Any subscription' }, ...known];
  if (view.subscription && !known.some(({ value }) => value === view.subscription)) choices.push({ value: view.subscription, label: view.subscription });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const isNarrowed = state !== undefined || view.subscription !== undefined;
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <Select label="State" value={state ?? ''} choices={STATES} onChange={(status) => setView({ status: status || undefined })} />
        <Select label="Subscription" value={view.subscription ?? ''} choices={choices} onChange={(subscription) => setView({ subscription: subscription || undefined })} className="max-w-60" />
        {isNarrowed && (
          <Button look="quiet" icon="close" onClick={() => setView({ status: undefined, subscription: undefined })}>
            Clear
          </Button>
        )}
        <span className="ml-auto text-xs text-faint">{data && `${plural(items.length, 'delivery', 'deliveries')}${hasNextPage ? ' and more' : ''}`}</span>
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={8} label="Loading the deliveries" />}
      {data && items.length === 0 && (
        <Empty icon={state === 'dead' ? 'check' : 'send'} title={state === 'dead' ? 'Nothing was given up' : isNarrowed ? 'No delivery fits' : 'Nothing was told yet'}>
          {DELIVERY_STATES.find(({ value }) => value === state)?.about ?? 'What is told stands here with what the channel said. It is kept for 30 days unless the configuration says otherwise.'}
        </Empty>
      )}
      {items.length > 0 && (
        <div className={isPlaceholderData ? 'opacity-60' : ''}>
          <DeliveryRows items={items} nameOf={nameOf} />
        </div>
      )}
      {hasNextPage && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </p>
      )}
    </Panel>
  );
}
