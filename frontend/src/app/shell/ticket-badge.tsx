import { useTicketStatus } from '@/api-client/get-ticket-status';
import { formatCompact, plural } from '@/lib/format';

/** How much trackers could not be told: someone has to look. */
export function TicketBadge() {
  const { data } = useTicketStatus();
  const count = data?.counts.tasks.dead ?? 0;
  if (count === 0) return null;
  return (
    <span title={`${plural(count, 'thing')} could not be told to the tracker`} className="ml-auto rounded-full bg-danger-fill px-1.5 text-2xs font-semibold text-white tabular-nums">
      {formatCompact(count)}
      <span className="sr-only"> given up</span>
    </span>
  );
}
