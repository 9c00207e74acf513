import type { Decision } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { Confidence } from '@/components/ticket/confidence';
import { DecisionTag } from '@/components/ticket/decision-tag';
import { ViewLink } from '@/components/view-link';
import { words } from '@/lib/alert-words';
import { formatTime } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { sentence } from '@/lib/ticket-words';
import { useView } from '@/lib/use-view';
import type { View } from '@/lib/view';

const HEAD = 'border-b border-line px-2 py-2 text-left text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4';

/** Decisions as rows; what does not fit in a column stands below the reason. */
export function DecisionRows({ decisions }: { decisions: readonly Decision[] }) {
  const [view] = useView();
  const [zone] = useZone();
  return (
    <div className="@container">
      <table aria-label="Decisions" className="w-full border-collapse [&>tbody>tr:last-child>td]:border-b-0">
        <thead>
          <tr>
            <th scope="col" className={`${HEAD} hidden @2xl:table-cell`}>
              When
            </th>
            <th scope="col" className={`${HEAD} @max-2xl:pl-4`}>
              Decision
            </th>
            <th scope="col" className={HEAD}>
              About, and why
            </th>
            <th scope="col" title="How sure the alert was, and how sure it had to be" className={`${HEAD} hidden @3xl:table-cell`}>
              Confidence
            </th>
            <th scope="col" className={`${HEAD} hidden @2xl:table-cell`}>
              Ticket
            </th>
          </tr>
        </thead>
        <tbody>
          {decisions.map((decision) => (
            <Row key={decision.id} decision={decision} view={view} show={(time) => formatTime(time, zone, false)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const CELL = 'border-b border-line px-2 py-2 align-top first:pl-4 last:pr-4';

function Row({ decision, view, show }: { decision: Decision; view: View; show: (time: string) => string }) {
  const { confidence, threshold } = decision;
  return (
    <tr className="hover:bg-hover">
      <td className={`${CELL} hidden text-xs leading-5 whitespace-nowrap text-soft tabular-nums @2xl:table-cell`}>
        <time dateTime={decision.at}>{show(decision.at)}</time>
      </td>
      <td className={`${CELL} @max-2xl:pl-4`}>
        <DecisionTag action={decision.action} />
      </td>
      <td className={`${CELL} text-sm`}>
        <ViewLink to={PAGES.alerts} view={{ alert: decision.alert, status: 'all' }} className="line-clamp-2 font-medium [overflow-wrap:anywhere] hover:underline">
          {decision.title}
        </ViewLink>
        <p className="[overflow-wrap:anywhere] text-soft">{sentence(decision.reason)}</p>
        <p className="mt-0.5 flex flex-wrap items-center gap-x-2.5 gap-y-0.5 text-xs text-faint tabular-nums">
          <AlertSeverityTag severity={decision.severity} />
          <time dateTime={decision.at} className="@2xl:hidden">
            {show(decision.at)}
          </time>
          <span className="break-all">{decision.rule}</span>
          <span title="What happened to the alert">{words(decision.event)}</span>
          {decision.due_at && <span>again at {show(decision.due_at)}</span>}
          <span className="@3xl:hidden">
            <Confidence {...{ confidence, threshold }} />
          </span>
          <span className="@2xl:hidden">
            <TicketLink decision={decision} view={view} />
          </span>
        </p>
      </td>
      <td className={`${CELL} hidden leading-5 @3xl:table-cell`}>
        <Confidence {...{ confidence, threshold }} />
      </td>
      <td className={`${CELL} hidden text-xs leading-5 whitespace-nowrap @2xl:table-cell`}>
        <TicketLink decision={decision} view={view} isDash />
      </td>
    </tr>
  );
}

function TicketLink({ decision, view, isDash = false }: { decision: Decision; view: View; isDash?: boolean }) {
  if (!decision.ticket) return isDash ? <span className="text-faint">–</span> : null;
  return (
    <ViewLink to={PAGES.tickets} view={{ ...view, ticket: decision.ticket }} className="font-mono text-xs text-accent hover:underline">
      {decision.ticket_key ?? 'ticket'}
    </ViewLink>
  );
}
