import { useMemo } from 'react';

import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Segmented } from '@/components/ui/segmented';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';
import { plural } from '@/lib/format';
import { TRACKERS, trackerName } from '@/lib/ticket-words';
import { useView } from '@/lib/use-view';

import { useTicketPages } from '../api/get-ticket-pages';
import { ALL, narrowsTickets, ticketFilterOf, WIDE } from '../view-filter';

import { AboutAlert } from './about-alert';
import { SeverityToggles } from './severity-toggles';
import { StaleNote } from './stale-note';
import { TicketRows } from './ticket-rows';

const STATUSES = [
  { value: 'open', label: 'Open' },
  { value: 'resolved', label: 'Resolved' },
  { value: ALL, label: 'All' },
] as const;
const CHOICES = [{ value: '', label: 'Any tracker' }, ...TRACKERS.map((tracker) => ({ value: tracker as string, label: trackerName(tracker) }))];

/** The tickets, the newest first. */
export function TicketsTab() {
  const [view, setView] = useView();
  const filter = useMemo(() => ticketFilterOf(view), [view]);
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = useTicketPages(filter);
  const tickets = data?.pages.flatMap(({ items }) => items) ?? [];
  const isNarrowed = narrowsTickets(view);
  return (
    <Panel>
      <div className="flex flex-wrap items-center gap-2 border-b border-line p-3">
        <Segmented label="Status" value={filter.status ?? ALL} choices={STATUSES} onChange={(status) => setView({ status: status === 'open' ? undefined : status })} />
        <FilterField label="Words of title or key" className="w-44" />
        <Select label="Tracker" value={filter.tracker ?? ''} choices={CHOICES} onChange={(tracker) => setView({ tracker })} />
        <SeverityToggles />
        <AboutAlert />
        {isNarrowed && (
          <Button look="quiet" icon="close" onClick={() => setView(WIDE)}>
            Clear
          </Button>
        )}
        <span className="ml-auto text-xs text-faint">{data && `${plural(tickets.length, 'ticket')}${hasNextPage ? ' and more' : ''}`}</span>
      </div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {data && <StaleNote error={error} />}
      {isPending && <SkeletonLines count={8} label="Loading the tickets" />}
      {data && tickets.length === 0 && <None isNarrowed={isNarrowed} status={filter.status ?? ALL} onClear={() => setView(WIDE)} />}
      {tickets.length > 0 && (
        <div className={isPlaceholderData ? 'opacity-60' : ''}>
          <TicketRows tickets={tickets} current={view.ticket} onOpen={(ticket) => setView({ ticket })} />
        </div>
      )}
      {hasNextPage && (
        <p className="border-t border-line px-4 py-2">
          <Button disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
            Show more
          </Button>
        </p>
      )}
    </Panel>
  );
}

function None({ isNarrowed, status, onClear }: { isNarrowed: boolean; status: string; onClear: () => void }) {
  if (isNarrowed)
    return (
      <Empty icon="ticket" title="No ticket fits" actions={<Button onClick={onClear}>Clear the filters</Button>}>
        None fits all of these filters.
      </Empty>
    );
  if (status === 'open')
    return (
      <Empty icon="check" title="No ticket is open">
        An alert that is sure enough for its severity gets a ticket by itself; one can also be opened by hand from any alert. Why an alert got none is found under “Decisions”.
      </Empty>
    );
  return (
    <Empty icon="ticket" title="There are none yet">
      Tickets are resolved by hand, or when their alert is over.
    </Empty>
  );
}
