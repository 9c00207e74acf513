import { AlertSwatch } from '@/components/alert/alert-severity';
import { ALERT_SEVERITIES } from '@/lib/alert-words';
import { useView } from '@/lib/use-view';

/** Narrows a list to some severities; all of them while none is pressed. */
export function SeverityToggles() {
  const [view, setView] = useView();
  const chosen = view.alert_severity ?? [];
  return (
    <div role="group" aria-label="Severities" className="flex flex-wrap gap-1.5">
      {ALERT_SEVERITIES.map((severity) => {
        const isOn = chosen.includes(severity);
        return (
          <button
            key={severity}
            type="button"
            aria-pressed={isOn}
            onClick={() => setView({ alert_severity: isOn ? chosen.filter((one) => one !== severity) : [...chosen, severity] })}
            className="inline-flex h-8 items-center gap-1.5 rounded-md border border-line bg-surface px-2 text-sm hover:border-line-strong hover:bg-hover aria-pressed:border-accent aria-pressed:bg-chosen aria-pressed:font-medium"
          >
            <AlertSwatch severity={severity} />
            {severity}
          </button>
        );
      })}
    </div>
  );
}
