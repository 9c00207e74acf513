import { useAlertSummary } from '@/api-client/get-alert-summary';
import { AlertSwatch } from '@/components/alert/alert-severity';
import { ALERT_SEVERITIES } from '@/lib/alert-words';
import { formatCompact, plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

/** How many alerts of each severity are not resolved; pressing one narrows the list to it. */
export function SeverityCounts() {
  const { data } = useAlertSummary();
  const [view, setView] = useView();
  const chosen = view.alert_severity ?? [];
  return (
    <div role="group" aria-label="Severities" className="-m-1 flex gap-1.5 overflow-x-auto p-1">
      {ALERT_SEVERITIES.map((severity) => {
        const isOn = chosen.includes(severity);
        const count = data?.severities[severity] ?? 0;
        return (
          <button
            key={severity}
            type="button"
            aria-pressed={isOn}
            title={data && `${plural(count, 'alert')} of this severity not resolved`}
            onClick={() => setView({ alert_severity: isOn ? chosen.filter((one) => one !== severity) : [...chosen, severity] })}
            className="inline-flex h-8 shrink-0 items-center gap-1.5 rounded-md border border-line bg-surface px-2.5 text-sm hover:border-line-strong hover:bg-hover aria-pressed:border-accent aria-pressed:bg-chosen aria-pressed:font-medium"
          >
            <AlertSwatch severity={severity} />
            {severity}
            <strong className="font-semibold tabular-nums">{data ? formatCompact(count) : '·'}</strong>
          </button>
        );
      })}
    </div>
  );
}
