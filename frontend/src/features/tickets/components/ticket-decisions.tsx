import type { TicketDetail } from '@/api-client/types';
import { Part } from '@/components/part';
import { Confidence } from '@/components/ticket/confidence';
import { DecisionTag } from '@/components/ticket/decision-tag';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { sentence } from '@/lib/ticket-words';

/** What was decided about a ticket, the newest first. */
export function TicketDecisions({ ticket }: { ticket: TicketDetail }) {
  const [zone] = useZone();
  return (
    <Part
      title="Decisions"
      aside={
        <ViewLink to={PAGES.tickets} view={{ view: 'decisions', alert: ticket.alert, ticket: ticket.id }} className="text-xs text-accent hover:underline">
          All about its alert
        </ViewLink>
      }
    >
      {ticket.decisions.length === 0 && <p className="text-sm text-faint">None is kept any more.</p>}
      <ol aria-label="Decisions about the ticket" className="space-y-2.5">
        {ticket.decisions.map((decision) => (
          <li key={decision.id} className="flex items-start gap-2.5 text-sm">
            <span className="w-16 shrink-0">
              <DecisionTag action={decision.action} />
            </span>
            <span className="min-w-0 flex-1">
              <span className="block [overflow-wrap:anywhere]">{sentence(decision.reason)}</span>
              <span className="flex flex-wrap gap-x-2.5 text-xs text-faint tabular-nums">
                <time dateTime={decision.at}>{formatTime(decision.at, zone, false)}</time>
                <span title="What happened to the alert">{words(decision.event)}</span>
                <Confidence confidence={decision.confidence} threshold={decision.threshold} />
              </span>
            </span>
          </li>
        ))}
      </ol>
    </Part>
  );
}
