import { useState } from 'react';

import { TicketKey } from '@/components/ticket/ticket-key';
import { Button } from '@/components/ui/button';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

import { useGivenUp } from '../api/find-given-up';
import { taskCounts } from '../task-text';

const SHOWN_MAX = 20;

/** Shows on which tickets something was given up, when asked. */
export function GivenUp({ count }: { count: number }) {
  const [asked, setAsked] = useState(false);
  const { data, error, refetch } = useGivenUp(count, asked);
  if (!asked) return <Button onClick={() => setAsked(true)}>Show them</Button>;
  if (error)
    return (
      <p className="flex flex-wrap items-center gap-2 text-danger">
        {error.message} <Button onClick={() => void refetch()}>Try again</Button>
      </p>
    );
  if (!data) return <p role="status">Looking through the tickets…</p>;
  return (
    <>
      <ul aria-label="Tickets with something given up" className="space-y-0.5">
        {data.tickets.slice(0, SHOWN_MAX).map((ticket) => (
          <Item key={ticket.id} ticket={ticket} dead={taskCounts(ticket.tasks).dead} />
        ))}
      </ul>
      {data.tickets.length > SHOWN_MAX && <p className="text-xs text-soft">and {data.tickets.length - SHOWN_MAX} more</p>}
      {!data.isAll && <p className="text-xs text-soft">Not all were found among the newest tickets.</p>}
    </>
  );
}

function Item({ ticket, dead }: { ticket: Parameters<typeof TicketKey>[0]['ticket'] & { title: string }; dead: number }) {
  const [view] = useView();
  return (
    <li className="flex flex-wrap items-baseline gap-x-2">
      <TicketKey ticket={ticket} view={view} />
      <ViewLink to={PAGES.tickets} view={{ ...view, ticket: ticket.id }} className="min-w-0 font-medium [overflow-wrap:anywhere] hover:underline">
        {ticket.title}
      </ViewLink>
      <span className="text-xs text-faint">{dead} given up</span>
    </li>
  );
}
