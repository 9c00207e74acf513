import { useAlertSummary } from '@/api-client/get-alert-summary';
import { useAlerts } from '@/api-client/get-alerts';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { StatusTag } from '@/components/alert/status-tag';
import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { OPEN_STATUSES } from '@/lib/alert-words';
import { formatAgo, formatCompact, formatCount, plural } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useNow } from '@/lib/use-now';

const SHOWN = 6;

/** The alerts that nobody has resolved, the newest first. */
export function OpenAlerts() {
  const { data: summary } = useAlertSummary();
  const { data, error, isPending, refetch } = useAlerts({ status: OPEN_STATUSES }, SHOWN);
  const now = useNow(5);
  const open = Object.values(summary?.severities ?? {}).reduce((sum, count) => sum + count, 0);
  return (
    <Panel
      title="Open alerts"
      aside={
        <ViewLink to={PAGES.alerts} className="text-xs text-accent hover:underline">
          {open > SHOWN ? `All ${plural(open, 'alert')}` : 'All alerts'}
        </ViewLink>
      }
    >
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={4} label="Loading the alerts" />}
      {data?.items.length === 0 && <p className="p-4 text-sm text-soft">No alert is open.</p>}
      <ul aria-label="Open alerts" className="divide-y divide-line">
        {data?.items.map((alert) => (
          <li key={alert.id}>
            <ViewLink to={PAGES.alerts} view={{ alert: alert.id }} className="flex items-start gap-3 px-4 py-2 text-sm hover:bg-hover focus-visible:-outline-offset-2">
              <span className="min-w-0 flex-1">
                <span className="line-clamp-2 font-medium break-words">{alert.title}</span>
                <span className="flex flex-wrap items-center gap-2 text-xs text-faint">
                  <AlertSeverityTag severity={alert.severity} />
                  <StatusTag status={alert.status} />
                  {formatAgo(alert.starts_at, now)}
                </span>
              </span>
              <span className="tabular-nums" title={`it fired ${formatCount(alert.count)} times`}>
                {formatCompact(alert.count)}
              </span>
            </ViewLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
