import type { IncidentDetail } from '@/api-client/types';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LabelList } from '@/components/alert/label-list';
import { StatusTag } from '@/components/alert/status-tag';
import { Panel } from '@/components/panel';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatCount, plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useNow } from '@/lib/use-now';

interface Props {
  incident: IncidentDetail;
  selected: ReadonlySet<string>;
  onSelect: (selected: ReadonlySet<string>) => void;
}

/** The alerts of an incident, and why each belongs to it. */
export function JoinedAlerts({ incident, selected, onSelect }: Props) {
  const now = useNow(5);
  const toggle = (id: string) => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    onSelect(next);
  };
  return (
    <Panel
      title={plural(incident.alert_count, 'alert')}
      aside={
        <ViewLink to={PAGES.alerts} view={{ incident: incident.id, status: 'all' }} className="text-xs text-accent hover:underline">
          In the list of alerts
        </ViewLink>
      }
    >
      <ul aria-label="Alerts of the incident" className="divide-y divide-line">
        {incident.alerts.map((alert) => (
          <li key={alert.id} className="flex items-start gap-3 px-4 py-2.5">
            <input type="checkbox" aria-label={`Select ${alert.title}`} checked={selected.has(alert.id)} onChange={() => toggle(alert.id)} className="mt-1 size-4 accent-(--accent)" />
            <div className="min-w-0 flex-1 space-y-0.5">
              <ViewLink to={PAGES.alerts} view={{ alert: alert.id, status: 'all' }} className="text-sm font-medium break-words hover:underline">
                {alert.title}
              </ViewLink>
              <LabelList labels={alert.labels} without={['alertname']} />
              <p className="text-xs break-words text-soft">{alert.joined_because ? `Joined: ${alert.joined_because}` : alert.id === incident.first ? 'The incident began with it' : 'Joined without a reason that was kept'}</p>
              <p className="flex flex-wrap items-center gap-2 text-xs text-soft tabular-nums">
                <AlertSeverityTag severity={alert.severity} />
                <StatusTag status={alert.status} />
                {formatAgo(alert.starts_at, now)} · {formatCount(alert.count)}×
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
