import type { Run } from '@/api-client/automation-types';
import { useAlert } from '@/api-client/get-alert';
import { AlertSeverityTag } from '@/components/alert/alert-severity';
import { LabelList } from '@/components/alert/label-list';
import { StatusTag } from '@/components/alert/status-tag';
import { WhyAnswer } from '@/components/alert/why-answer';
import { Part } from '@/components/part';
import { RootCauseView } from '@/components/root-cause/root-cause-view';
import { Skeleton } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';

/** The alert that an action is about, and why it fired. */
export function AlertReason({ run }: { run: Run }) {
  const { data, error } = useAlert(run.alert);
  const title = data?.title ?? run.alert_title;
  return (
    <Part title="Why">
      <p className="flex flex-wrap items-center gap-x-2 gap-y-0.5 text-sm">
        {data && <AlertSeverityTag severity={data.severity} />}
        <ViewLink to={PAGES.alerts} view={{ alert: run.alert, status: 'all' }} className="font-medium [overflow-wrap:anywhere] text-accent hover:underline">
          {plain(title)}
        </ViewLink>
        {data && <StatusTag status={data.status} />}
      </p>
      {data && <LabelList labels={data.labels} className="mt-0.5" />}
      {!data && !error && <Skeleton className="mt-1.5 h-4 w-2/3" />}
      {error && !data && <p className="text-xs break-words text-danger">The alert is not known: {error.message}</p>}
      {data && (
        <div className="mt-2">
          <WhyAnswer rule={data.rule} at={data.starts_at} labels={data.labels} />
        </div>
      )}
    </Part>
  );
}

/** What caused it, as far as that is known. */
export function AlertCause({ alert }: { alert: string }) {
  const { data } = useAlert(alert);
  if (!data) return null;
  return (
    <Part title="Cause">
      <RootCauseView subject={{ type: 'alert', id: alert }} />
    </Part>
  );
}
