import { Button } from '@/components/ui/button';
import { Segmented } from '@/components/ui/segmented';
import { useView } from '@/lib/use-view';
import { HORIZONS, type Horizon } from '@/lib/view';

const CHOICES = [{ value: 'off', label: 'Off' }, ...HORIZONS.map((value) => ({ value, label: value.replace(/(\d)([hd])/, '$1 $2') }))] as { value: Horizon | 'off'; label: string }[];

/** What is drawn beside the values, on all charts alike. */
export function ChartBar() {
  const [view, setView] = useView();
  const pressed = 'aria-pressed:bg-chosen aria-pressed:border-line-strong';
  return (
    <div role="toolbar" aria-label="What the charts show" className="flex flex-wrap items-center gap-2">
      <span className="text-xs text-soft">Forecast</span>
      <Segmented label="Forecast" value={view.horizon ?? 'off'} choices={CHOICES} onChange={(next) => setView({ horizon: next === 'off' ? undefined : next })} />
      <Button className={pressed} aria-pressed={view.compare === 'week'} onClick={() => setView({ compare: view.compare ? undefined : 'week' })}>
        Last week
      </Button>
      <Button icon="split" className={pressed} aria-pressed={view.below === 'logs'} onClick={() => setView({ below: view.below ? undefined : 'logs' })}>
        Logs below
      </Button>
      {view.to && (
        <Button look="quiet" icon="zoomOut" className="ml-auto" onClick={() => setView({ from: undefined, to: undefined })}>
          Last 24 hours
        </Button>
      )}
    </div>
  );
}
