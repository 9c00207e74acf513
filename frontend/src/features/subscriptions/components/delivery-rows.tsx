import { useAlerts } from '@/api-client/get-alerts';
import type { Delivery } from '@/api-client/types';
import { Button } from '@/components/ui/button';
import { Table, Td, Th } from '@/components/ui/table';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatSpan, formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

import { useRedeliver } from '../api/redeliver';
import { newsText, stateText } from '../delivery-summary';

/** Of how many of the newest alerts the titles are known. */
const TITLES = 200;
const ANY_ALERT = {};

const LOOKS: Record<Delivery['state'], string> = {
  pending: 'border-accent text-accent',
  sent: 'border-line text-soft',
  skipped: 'border-line text-faint',
  dead: 'border-danger text-danger',
};

/** Deliveries, the newest first; each that is settled can be sent again. */
export function DeliveryRows({ items, nameOf }: { items: readonly Delivery[]; nameOf?: (subscription: string) => string }) {
  const now = useNow(5);
  const [zone] = useZone();
  const again = useRedeliver();
  const alerts = useAlerts(ANY_ALERT, TITLES).data?.items ?? [];
  const titles = new Map(alerts.map(({ id, title }) => [id, title]));
  return (
    <Table label="Deliveries">
      <thead>
        <tr>
          <Th>When</Th>
          <Th>State</Th>
          {nameOf && <Th>Subscription</Th>}
          <Th>News</Th>
          <Th>What became of it</Th>
          <Th className="relative">
            <span className="sr-only">Actions</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {items.map((one) => (
          <tr key={one.id} className="hover:bg-hover">
            <Td className="whitespace-nowrap tabular-nums">
              <time dateTime={one.at} title={formatTime(one.at, zone)}>
                {formatAgo(one.at, now)}
              </time>
            </Td>
            <Td>
              <span className={`inline-flex h-5 items-center rounded border px-1.5 text-2xs whitespace-nowrap ${LOOKS[one.state]}`}>{stateText(one.state)}</span>
            </Td>
            {nameOf && (
              <Td className="min-w-36">
                <ViewLink to={PAGES.subscriptions} view={{ subscription: one.subscription }} className="break-words hover:underline">
                  {nameOf(one.subscription)}
                </ViewLink>
              </Td>
            )}
            <Td className="min-w-52">
              <ViewLink to={PAGES.alerts} view={{ alert: one.alert, status: 'all' }} className="break-words hover:underline">
                {newsText(one.news)}
                {titles.has(one.alert) && <span className="block text-xs text-soft">{titles.get(one.alert)}</span>}
              </ViewLink>
            </Td>
            <Td className="min-w-56 text-xs leading-5">
              <span className="break-words text-soft">{one.note ?? ''}</span>
              <p className="text-faint tabular-nums">
                {one.attempts > 1 && `${one.attempts} attempts`}
                {one.attempts > 1 && one.due_at && one.state === 'pending' && ', '}
                {one.due_at && one.state === 'pending' && dueText(one, parseTime(one.due_at) - now)}
              </p>
            </Td>
            <Td right>
              {one.state !== 'pending' && (
                <Button look="quiet" icon="refresh" aria-label={`Send delivery ${one.id} again`} className="-my-1" disabled={again.isPending && again.variables === one.id} onClick={() => again.mutate(one.id)}>
                  Send again
                </Button>
              )}
            </Td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

function dueText({ attempts }: Delivery, ms: number): string {
  if (ms > 1000) return `${attempts > 0 ? 'again' : 'due'} in ${formatSpan(ms / 1000)}`;
  // What follows waits until the one before it was told.
  return attempts > 0 ? 'due now' : 'its turn comes after the one before it';
}
