import { memo } from 'react';

import type { Alert } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LabelList } from '@/components/alert/label-list';
import { StatusTag } from '@/components/alert/status-tag';
import { formatAgo, formatCompact, formatCount, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';

interface Props {
  alert: Alert;
  isCurrent: boolean;
  isSelected: boolean;
  now: number;
  onOpen: (id: string) => void;
  onToggle: (id: string) => void;
}

/** One alert in the list. */
export const AlertRow = memo(function AlertRow({ alert, isCurrent, isSelected, now, onOpen, onToggle }: Props) {
  const cell = 'hidden border-b border-line px-2 py-2 align-top text-xs whitespace-nowrap text-soft tabular-nums @3xl:table-cell';
  return (
    <tr
      id={`alert-${alert.id}`}
      aria-current={isCurrent || undefined}
      onClick={() => onOpen(alert.id)}
      className="cursor-pointer hover:bg-hover aria-[current=true]:bg-chosen"
    >
      <td className="w-9 border-b border-line py-2 pr-2 pl-3 align-top" onClick={(event) => event.stopPropagation()}>
        <input type="checkbox" aria-label={`Select ${alert.title}`} checked={isSelected} onChange={() => onToggle(alert.id)} className="mt-1 size-4 accent-(--accent)" />
      </td>
      <td className="w-22 border-b border-line py-2 pr-2 align-top hidden @lg:table-cell">
        <AlertSeverityTag severity={alert.severity} />
      </td>
      <td className="border-b border-line py-2 pr-3 align-top">
        <span className="@lg:hidden">
          <AlertSeverityTag severity={alert.severity} />
        </span>
        <button type="button" onClick={() => onOpen(alert.id)} className="line-clamp-2 text-left text-sm font-medium break-words hover:underline">
          {alert.title}
        </button>
        <LabelList labels={alert.labels} without={['alertname']} className="mt-0.5" />
        <span className="mt-1 flex flex-wrap items-center gap-1.5 empty:hidden">
          <Notes alert={alert} now={now} />
          <span className="flex items-center gap-2 text-xs text-soft @3xl:hidden">
            <StatusTag status={alert.status} />
            {formatAgo(alert.starts_at, now)} · {formatCount(alert.count)}×{alert.assignee && ` · ${alert.assignee}`}
          </span>
        </span>
      </td>
      <td className={cell}>
        <StatusTag status={alert.status} />
      </td>
      <td className={`${cell} text-right`} title={formatCount(alert.count)}>
        {formatCompact(alert.count)}
      </td>
      <td className={cell}>
        <Moment time={alert.starts_at} now={now} />
      </td>
      <td className={cell}>
        <Moment time={alert.last_at} now={now} />
      </td>
      <td className={`${cell} max-w-32 truncate pr-4`}>{alert.assignee ?? <span className="text-faint">nobody</span>}</td>
    </tr>
  );
});

function Moment({ time, now }: { time: string; now: number }) {
  const [zone] = useZone();
  return (
    <time dateTime={time} title={formatTime(time, zone)}>
      {formatAgo(time, now)}
    </time>
  );
}

/** What else is to be known at a glance. */
function Notes({ alert, now }: { alert: Alert; now: number }) {
  const notes = [
    !alert.firing && alert.status !== 'resolved' && 'cleared',
    alert.is_flapping && 'comes and goes',
    alert.silenced_by.length > 0 && 'silenced',
    alert.snoozed_until && parseTime(alert.snoozed_until) > now && 'snoozed',
    alert.kind !== 'realtime' && alert.kind,
  ].filter((note) => typeof note === 'string');
  return notes.map((note) => (
    <span key={note} className="rounded bg-sunken px-1.5 text-2xs text-soft">
      {note}
    </span>
  ));
}
