import { memo } from 'react';

import type { Ticket } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LabelList } from '@/components/alert/label-list';
import { StatusTag } from '@/components/alert/status-tag';
import { TicketKey } from '@/components/ticket/ticket-key';
import { Moment } from '@/components/ui/moment';
import { formatCount, plural } from '@/lib/format';
import { trackerName } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';
import { useView } from '@/lib/use-view';
import type { View } from '@/lib/view';

interface Props {
  tickets: readonly Ticket[];
  /** The one whose drawer is open. */
  current?: string;
  onOpen: (id: string) => void;
}

const HEAD = 'border-b border-line px-2 py-2 text-left text-xs font-medium whitespace-nowrap text-faint';

/** Tickets as rows; what does not fit in a column stands below the title. */
export function TicketRows({ tickets, current, onOpen }: Props) {
  const now = useNow(5);
  const [view] = useView();
  return (
    <div className="@container">
      <table aria-label="Tickets" className="w-full border-collapse [&>tbody>tr:last-child>td]:border-b-0">
        <thead>
          <tr>
            <th scope="col" className={`${HEAD} pl-4!`}>
              Key
            </th>
            <th scope="col" className={`${HEAD} hidden @lg:table-cell`}>
              Severity
            </th>
            <th scope="col" className={HEAD}>
              Ticket
            </th>
            {['Status', 'Occurrences', 'Opened', 'Updated'].map((title) => (
              <th key={title} scope="col" title={title === 'Occurrences' ? 'How often its alert was told to it' : undefined} className={`${HEAD} hidden last:pr-4 @3xl:table-cell ${title === 'Occurrences' ? 'text-right!' : ''}`}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {tickets.map((ticket) => (
            <Row key={ticket.id} ticket={ticket} isCurrent={ticket.id === current} now={now} view={view} onOpen={onOpen} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface RowProps {
  ticket: Ticket;
  isCurrent: boolean;
  now: number;
  view: View;
  onOpen: (id: string) => void;
}

const Row = memo(function Row({ ticket, isCurrent, now, view, onOpen }: RowProps) {
  const cell = 'hidden border-b border-line px-2 py-2 align-top text-xs whitespace-nowrap text-soft tabular-nums last:pr-4 @3xl:table-cell';
  return (
    <tr aria-current={isCurrent || undefined} onClick={() => onOpen(ticket.id)} className="cursor-pointer hover:bg-hover aria-[current=true]:bg-chosen">
      <td className="border-b border-line py-2 pr-2 pl-4 align-top leading-5" onClick={(event) => event.stopPropagation()}>
        <TicketKey ticket={ticket} view={view} />
      </td>
      <td className="hidden w-22 border-b border-line px-2 py-2 align-top @lg:table-cell">
        <AlertSeverityTag severity={ticket.severity} />
      </td>
      <td className="border-b border-line py-2 pr-3 pl-2 align-top">
        <span className="@lg:hidden">
          <AlertSeverityTag severity={ticket.severity} />
        </span>
        <button type="button" onClick={() => onOpen(ticket.id)} className="line-clamp-2 text-left text-sm font-medium [overflow-wrap:anywhere] hover:underline">
          {ticket.title}
        </button>
        <LabelList labels={ticket.labels} without={['alertname', 'failure_type']} className="mt-0.5" />
        <span className="mt-1 flex flex-wrap items-center gap-x-2 text-xs text-faint">
          <span className="@3xl:hidden">
            <StatusTag status={ticket.status} />
          </span>
          {ticket.tracker !== 'built_in' && <span>{trackerName(ticket.tracker)}</span>}
          <span className="break-all">{ticket.rule}</span>
          <span className="text-soft tabular-nums @3xl:hidden">
            {plural(ticket.occurrences, 'occurrence')}, opened <Moment time={ticket.created_at} now={now} />
          </span>
        </span>
      </td>
      <td className={cell}>
        <StatusTag status={ticket.status} />
      </td>
      <td className={`${cell} text-right`}>{formatCount(ticket.occurrences)}</td>
      <td className={cell}>
        <Moment time={ticket.created_at} now={now} />
      </td>
      <td className={cell}>
        <Moment time={ticket.updated_at} now={now} />
      </td>
    </tr>
  );
});
