import type { Ticket } from '@/api-client/types';
import { Icon } from '@/components/ui/icon';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { trackerName } from '@/lib/ticket-words';
import type { View } from '@/lib/view';

type Named = Pick<Ticket, 'id' | 'key' | 'url' | 'tracker'>;

const isWeb = (url: string) => /^https?:\/\//i.test(url);

/** What the tracker calls a ticket, leading to where it is kept: here, or the tracker. */
export function TicketKey({ ticket, view = {} }: { ticket: Named; view?: View }) {
  const { id, key, url, tracker } = ticket;
  const look = 'inline-flex items-center gap-1 font-mono text-xs whitespace-nowrap text-accent hover:underline';
  if (tracker === 'built_in')
    return (
      <ViewLink to={PAGES.tickets} view={{ ...view, ticket: id }} className={look}>
        {key ?? 'ticket'}
      </ViewLink>
    );
  if (!key) return <span className="text-xs whitespace-nowrap text-faint">not in {trackerName(tracker)}</span>;
  if (!url || !isWeb(url)) return <span className="font-mono text-xs whitespace-nowrap">{key}</span>;
  return (
    <a href={url} target="_blank" rel="noreferrer" title={`Open in ${trackerName(tracker)}`} className={look}>
      {key}
      <Icon name="external" className="size-3" />
      <span className="sr-only">, opens {trackerName(tracker)} in a new tab</span>
    </a>
  );
}
