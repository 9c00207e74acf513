import type { AlertDetail, Ticket } from '@/api-client/types';
import { StatusTag } from '@/components/alert/status-tag';
import { Part } from '@/components/part';
import { Confidence } from '@/components/ticket/confidence';
import { DecisionTag } from '@/components/ticket/decision-tag';
import { TicketKey } from '@/components/ticket/ticket-key';
import { Button } from '@/components/ui/button';
import { Skeleton } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { sentence } from '@/lib/ticket-words';

import { useAlertTickets } from '../api/get-alert-tickets';
import { useTicketPreview } from '../api/get-ticket-preview';
import { useOpenTicket } from '../api/open-ticket';

/** Which tickets an alert has, what would be decided about one now, and a way to open one. */
export function TicketPart({ alert }: { alert: AlertDetail }) {
  const { data, error } = useAlertTickets(alert.id, alert.seq);
  const open = useOpenTicket();
  const tickets = data?.items ?? [];
  const isOpen = tickets.some(({ status }) => status === 'open');
  return (
    <Part
      title="Ticket"
      aside={
        <ViewLink to={PAGES.tickets} view={{ view: 'decisions', alert: alert.id }} className="text-xs text-accent hover:underline">
          What was decided
        </ViewLink>
      }
    >
      {error && !data && <p className="text-xs break-words text-danger">Its tickets are not known: {error.message}</p>}
      {data && tickets.length === 0 && <p className="text-sm text-soft">It has none.</p>}
      {tickets.length > 0 && (
        <ul aria-label="Tickets" className="divide-y divide-line rounded-md border border-line">
          {tickets.map((ticket) => (
            <Item key={ticket.id} ticket={ticket} />
          ))}
        </ul>
      )}
      <Preview alert={alert} />
      <Button icon="ticket" className="mt-2" disabled={open.isPending || !data} onClick={() => open.mutate(alert.id)}>
        {isOpen ? 'Tell the open ticket' : 'Open a ticket'}
      </Button>
    </Part>
  );
}

function Item({ ticket }: { ticket: Ticket }) {
  return (
    <li className="flex flex-wrap items-center gap-x-2.5 gap-y-0.5 px-3 py-2 text-sm">
      <TicketKey ticket={ticket} />
      <StatusTag status={ticket.status} />
      <span className="text-xs text-faint">{plural(ticket.occurrences, 'occurrence')}</span>
      <ViewLink to={PAGES.tickets} view={{ ticket: ticket.id, status: ticket.status === 'open' ? undefined : 'all' }} className="ml-auto text-xs text-accent hover:underline">
        Open the ticket
      </ViewLink>
    </li>
  );
}

/** What would be decided if the alert fired now. */
function Preview({ alert }: { alert: AlertDetail }) {
  const { data, error } = useTicketPreview(alert.id, alert.seq);
  if (error && !data) return <p className="mt-2 text-xs break-words text-danger">What would be decided is not known: {error.message}</p>;
  if (!data) return <Skeleton className="mt-2 h-4 w-3/4" />;
  return (
    <div role="group" aria-label="What would be decided now" className="mt-2 text-sm">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <span className="text-xs text-soft">If it fired now:</span>
        <DecisionTag action={data.action} />
        <Confidence confidence={data.confidence} threshold={data.threshold} />
      </p>
      <p className="[overflow-wrap:anywhere] text-soft">{sentence(data.reason)}</p>
    </div>
  );
}
