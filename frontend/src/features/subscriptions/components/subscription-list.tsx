import type { Delivery, Subscription } from '@/api-client/types';
import { Switch } from '@/components/ui/switch';
import { Table, Td, Th } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatCount, formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { useNow } from '@/lib/use-now';

import { NEWEST, useNewestDeliveries } from '../api/get-deliveries';
import { useSwitchSubscription } from '../api/switch-subscription';
import { countBySubscription, summarise, type Summary } from '../delivery-summary';
import { channelText, filterText, timingText } from '../subscription-text';

/** Subscriptions in words, with what became of their news. */
export function SubscriptionList({ items, onOpen }: { items: Subscription[]; onOpen: (id: string) => void }) {
  const turn = useSwitchSubscription();
  const newest = useNewestDeliveries({}, NEWEST);
  const dead = useNewestDeliveries({ state: 'dead' }, NEWEST);
  const summaries = summarise(newest.data?.items ?? []);
  const deadOf = countBySubscription(dead.data?.items ?? []);
  return (
    <Table label="Subscriptions">
      <thead>
        <tr>
          <Th>On</Th>
          <Th>Subscription</Th>
          <Th>Last delivery</Th>
          <Th right>Dead letters</Th>
          <Th>When</Th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => {
          const id = one.id ?? '';
          return (
            <tr key={id} className="hover:bg-hover">
              <Td>
                <Switch label={`Subscription ${one.name} is on`} isOn={one.enabled ?? true} disabled={turn.isPending && turn.variables.id === id} onChange={(isOn) => turn.mutate({ id, isOn })} />
              </Td>
              <Td className="min-w-48">
                <button type="button" onClick={() => onOpen(id)} className="text-left font-medium break-words hover:underline">
                  {one.name}
                </button>
                <p className="text-xs break-words text-soft">
                  {filterText(one.filter)} <span aria-label="goes to">→</span> <span className="text-ink">{channelText(one.channel)}</span>
                </p>
              </Td>
              <Td className="min-w-36 text-xs leading-5">{newest.data && <Last summary={summaries.get(id)} isAll={!newest.data.next_cursor} />}</Td>
              <Td right>{dead.data && <Dead id={id} count={deadOf.get(id) ?? 0} isMore={Boolean(dead.data.next_cursor)} />}</Td>
              <Td className="min-w-40 text-xs leading-5 text-soft">
                {timingText(one).map((line) => (
                  <p key={line}>{line}</p>
                ))}
                {timingText(one).length === 0 && <p className="text-faint">at once</p>}
              </Td>
            </tr>
          );
        })}
      </tbody>
    </Table>
  );
}

function Last({ summary, isAll }: { summary: Summary | undefined; isAll: boolean }) {
  if (!summary?.last && !summary?.failing) return <span className="text-faint">{isAll ? 'nothing yet' : `none of the last ${formatCount(NEWEST)}`}</span>;
  return (
    <>
      {summary.last && <When delivery={summary.last} />}
      {summary.failing > 0 && <p className="text-(--warn-text)">fails, and is tried again</p>}
    </>
  );
}

function When({ delivery }: { delivery: Delivery }) {
  const now = useNow(10);
  const [zone] = useZone();
  const time = delivery.settled_at ?? delivery.at;
  const isSent = delivery.state === 'sent';
  return (
    <>
      <time dateTime={time} title={formatTime(time, zone)} className={isSent ? '' : 'text-danger'}>
        {isSent ? 'sent' : 'given up'} {formatAgo(time, now)}
      </time>
      {!isSent && delivery.note && <p className="line-clamp-2 break-words text-soft">{delivery.note}</p>}
    </>
  );
}

function Dead({ id, count, isMore }: { id: string; count: number; isMore: boolean }) {
  if (count === 0) return <span className="text-faint">0</span>;
  return (
    <ViewLink to={PAGES.subscriptions} view={{ view: 'deliveries', status: 'dead', subscription: id }} className="font-medium relative text-danger hover:underline">
      {formatCount(count)}
      {isMore && '+'}
      <span className="sr-only"> dead letters</span>
    </ViewLink>
  );
}
