import { useEffect, useRef } from 'react';

import { ApiError } from '@/api-client/http';
import type { TicketDetail } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LabelList } from '@/components/alert/label-list';
import { StatusTag } from '@/components/alert/status-tag';
import { Part } from '@/components/part';
import { TicketKey } from '@/components/ticket/ticket-key';
import { Button, IconButton } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { useMedia } from '@/lib/use-media';

import { useActOnTicket } from '../api/act-on-ticket';
import { useTicket } from '../api/get-ticket';

import { StaleNote } from './stale-note';
import { TicketComments } from './ticket-comments';
import { TicketDecisions } from './ticket-decisions';
import { TicketFacts } from './ticket-facts';
import { TicketTasks } from './ticket-tasks';
import { TicketText } from './ticket-text';

/** One ticket in full, beside the list; over it where there is no room. */
export function TicketDrawer({ id, onClose }: { id: string; onClose: () => void }) {
  const { data, error, refetch } = useTicket(id);
  const covering = useMedia('(max-width: 1023px)');
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!covering) return undefined;
    const before = document.activeElement;
    drawer.current?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, [covering]);
  // What is no id is as unknown as one that is not kept.
  const isUnknown = error instanceof ApiError && (error.status === 404 || error.status === 400);
  return (
    <aside
      ref={drawer}
      tabIndex={-1}
      aria-label="Ticket"
      className="fixed inset-0 z-30 flex flex-col border-l border-line bg-surface focus-visible:outline-none lg:static lg:z-auto lg:w-[min(42vw,38rem)] lg:shrink-0 lg:max-2xl:in-data-asking:w-[26rem]"
    >
      <header className="flex min-h-10 shrink-0 items-center gap-3 border-b border-line px-4 py-1">
        <h2 className="sr-only">Ticket</h2>
        {data && (
          <>
            <TicketKey ticket={data} />
            <AlertSeverityTag severity={data.severity} />
            <StatusTag status={data.status} />
          </>
        )}
        <IconButton label="Close the ticket" icon="close" className="-mr-2 ml-auto" onClick={onClose} />
      </header>
      <div className="flex-1 overflow-y-auto">
        {isUnknown ? (
          <Empty icon="ticket" title="This ticket is not kept any more">
            Tickets that are resolved are forgotten after a while.
          </Empty>
        ) : (
          error && !data && <Failure error={error} retry={() => void refetch()} />
        )}
        {!data && !error && <SkeletonLines count={10} label="Loading the ticket" />}
        {data && !isUnknown && (
          <>
            <StaleNote error={error} />
            <Body ticket={data} />
          </>
        )}
      </div>
    </aside>
  );
}

function Body({ ticket }: { ticket: TicketDetail }) {
  const act = useActOnTicket(ticket.id);
  const isOpen = ticket.status === 'open';
  return (
    <div className="space-y-5 px-4 py-4">
      <div>
        <h3 className="text-base font-semibold [overflow-wrap:anywhere]">{ticket.title}</h3>
        <LabelList labels={ticket.labels} className="mt-1" />
      </div>
      <div role="group" aria-label="Actions" className="flex flex-wrap gap-1.5">
        <Button look={isOpen ? 'primary' : 'plain'} icon={isOpen ? 'check' : 'refresh'} disabled={act.isPending} onClick={() => act.mutate({ action: isOpen ? 'resolve' : 'reopen' })}>
          {isOpen ? 'Resolve' : 'Reopen'}
        </Button>
      </div>
      <TicketFacts ticket={ticket} />
      <TicketTasks ticket={ticket} isBusy={act.isPending} onRetry={(task) => act.mutate({ action: 'retry', task })} />
      <Part title="Description">
        <TicketText text={ticket.description} />
      </Part>
      <TicketComments ticket={ticket} />
      <TicketDecisions ticket={ticket} />
    </div>
  );
}
