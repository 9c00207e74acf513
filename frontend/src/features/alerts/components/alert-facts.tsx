import type { ReactNode } from 'react';

import type { Alert } from '@/api-client/types';
import { words } from '@/lib/alert-words';
import { formatAgo, formatCount, formatShare, formatSpan, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

/** What is known of an alert, a line each. */
export function AlertFacts({ alert }: { alert: Alert }) {
  const [zone] = useZone();
  const now = useNow(5);
  const show = (time: string) => `${formatTime(time, zone, false)} (${formatAgo(time, now)})`;
  const facts: [string, ReactNode][] = [
    ['Since', show(alert.starts_at)],
    ['Last', show(alert.last_at)],
    ['Count', `${formatCount(alert.count)}${alert.returned_at.length > 0 ? `, came back ${formatCount(alert.returned_at.length)} times` : ''}`],
    ['State', alert.firing ? (alert.is_flapping ? 'fires, and comes and goes' : 'fires') : alert.ends_at ? `cleared after ${formatSpan((parseTime(alert.ends_at) - parseTime(alert.starts_at)) / 1000)}` : 'cleared'],
    ['Assignee', alert.assignee ?? 'nobody'],
  ];
  if (alert.failure_type) facts.push(['Failure', `${words(alert.failure_type)}${typeof alert.confidence === 'number' ? `, ${formatShare(alert.confidence, 1)} sure` : ''}`]);
  for (const [name, value] of Object.entries(alert.annotations)) facts.push([name, value]);
  return (
    <dl className="grid grid-cols-[6rem_1fr] gap-x-3 gap-y-1 text-sm">
      {facts.map(([name, value]) => (
        <div key={name} className="contents">
          <dt className="text-soft first-letter:uppercase">{words(name)}</dt>
          <dd className="min-w-0 break-words tabular-nums">{value}</dd>
        </div>
      ))}
    </dl>
  );
}
