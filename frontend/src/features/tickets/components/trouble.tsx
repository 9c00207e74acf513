import type { ReactNode } from 'react';

import { useTicketStatus } from '@/api-client/get-ticket-status';
import { Icon } from '@/components/ui/icon';
import { plural } from '@/lib/format';
import { sentence, trackerName } from '@/lib/ticket-words';

import { GivenUp } from './given-up';

/** What keeps tickets from coming about, where something does. */
export function Trouble() {
  const { data } = useTicketStatus(true);
  if (!data) return null;
  const { tracker, counts, settings } = data;
  const { pending, dead } = counts.tasks;
  const isQuiet = tracker.is_healthy && dead === 0 && settings.enabled && !settings.paused;
  if (isQuiet) return null;
  return (
    <ul aria-label="Trouble" className="mb-4 space-y-1.5">
      {!tracker.is_healthy && (
        <Item isBad title={`${trackerName(tracker.kind)} does not take tickets now.`}>
          {sentence(tracker.detail)} {pending > 0 ? `${plural(pending, 'thing')} to be told ${pending === 1 ? 'waits' : 'wait'}; nothing is lost.` : 'Nothing waits to be told yet.'}
        </Item>
      )}
      {dead > 0 && (
        <Item isBad title={`${plural(dead, 'thing')} could not be told to the tracker.`} more={<GivenUp key={dead} count={dead} />}>
          Each is marked “given up” on its ticket, with what the tracker said, and can be tried again there.
        </Item>
      )}
      {!settings.enabled && <Item title="Tickets are switched off.">What happens is decided as “skip”.</Item>}
      {settings.enabled && settings.paused && <Item title="Deciding is paused.">What happens meanwhile is decided on once it goes on.</Item>}
    </ul>
  );
}

function Item({ title, isBad = false, more, children }: { title: string; isBad?: boolean; more?: ReactNode; children: ReactNode }) {
  return (
    <li className={`flex items-start gap-2.5 rounded-md border bg-surface px-3 py-2 text-sm ${isBad ? 'border-danger' : 'border-line-strong'}`}>
      <Icon name={isBad ? 'alert' : 'pause'} className={`mt-0.5 ${isBad ? 'text-danger' : 'text-soft'}`} />
      <div className="min-w-0 flex-1 space-y-1.5">
        <p className="[overflow-wrap:anywhere]">
          <strong className={`font-semibold ${isBad ? 'text-danger' : ''}`}>{title}</strong> <span className="text-soft">{children}</span>
        </p>
        {more}
      </div>
    </li>
  );
}
