import type { ReactNode } from 'react';

import { useAlert } from '@/api-client/get-alert';
import type { TicketDetail } from '@/api-client/types';
import { StatusTag } from '@/components/alert/status-tag';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { formatAgo, formatCount, formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { trackerName } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

/** What is known of a ticket, a line each. */
export function TicketFacts({ ticket }: { ticket: TicketDetail }) {
  const [zone] = useZone();
  const now = useNow(5);
  const show = (time: string) => `${formatTime(time, zone, false)} (${formatAgo(time, now)})`;
  const facts: [string, ReactNode][] = [
    ['Alert', <AlertLink key="alert" id={ticket.alert} />],
    ['Kept in', trackerName(ticket.tracker)],
    ['Opened', show(ticket.created_at)],
    ['Updated', show(ticket.updated_at)],
  ];
  if (ticket.resolved_at) facts.push(['Resolved', show(ticket.resolved_at)]);
  facts.push(['Occurrences', formatCount(ticket.occurrences)]);
  if (ticket.failure_type) facts.push(['Failure', words(ticket.failure_type)]);
  facts.push([
    'Rule',
    <ViewLink key="rule" to={PAGES.rules} view={{ rule: ticket.rule }} className="text-accent hover:underline">
      {ticket.rule}
    </ViewLink>,
  ]);
  return (
    <dl className="grid grid-cols-[6rem_1fr] gap-x-3 gap-y-1 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft">{name}</dt>
          <dd className="min-w-0 [overflow-wrap:anywhere] tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function AlertLink({ id }: { id: string }) {
  const { data } = useAlert(id);
  return (
    <span className="flex flex-wrap items-center gap-x-2">
      <ViewLink to={PAGES.alerts} view={{ alert: id, status: 'all' }} className="text-accent hover:underline">
        Open the alert
      </ViewLink>
      {data && <StatusTag status={data.status} />}
    </span>
  );
}
