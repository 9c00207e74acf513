import type { ReactNode } from 'react';

import type { AlertEvent } from '@/api-client/types';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { eventText } from './event-text';

const DOTS: Record<string, string> = { fired: 'bg-danger', returned: 'bg-danger', cleared: 'bg-ok', resolved: 'bg-ok', acknowledged: 'bg-accent', started: 'bg-accent' };

/** What happened, the newest first; `about` says to whom, where there are several. */
export function Timeline({ events, about }: { events: readonly AlertEvent[]; about?: (event: AlertEvent) => ReactNode }) {
  const [zone] = useZone();
  const show = (time: string) => formatTime(time, zone, false);
  return (
    <ol aria-label="Timeline" className="space-y-2.5 border-l border-line pl-4">
      {[...events].reverse().map((event) => (
        <li key={event.seq} className="relative text-sm">
          <span aria-hidden="true" className={`absolute top-1.5 -left-[1.3rem] size-2 rounded-full ${DOTS[event.kind] ?? 'bg-line-strong'}`} />
          <p className={`break-words ${event.kind === 'commented' ? 'rounded-md border border-line bg-sunken px-2.5 py-1.5 whitespace-pre-wrap' : ''}`}>{eventText(event, show)}</p>
          <p className="flex flex-wrap gap-x-2 text-xs text-faint">
            <time dateTime={event.at} className="tabular-nums">
              {show(event.at)}
            </time>
            <span>{event.actor === 'system' ? 'by itself' : `by ${event.actor}`}</span>
            {about?.(event)}
          </p>
        </li>
      ))}
    </ol>
  );
}
