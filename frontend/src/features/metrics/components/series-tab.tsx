import { useState } from 'react';

import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { useMedia } from '@/lib/use-media';
import { useView } from '@/lib/use-view';

import { useSeries } from '../api/get-series';
import { useMetricRange } from '../use-metric-range';

import { ChartBar } from './chart-bar';
import { SeriesBrowser } from './series-browser';
import { SeriesPanel } from './series-panel';

const STEP = 200;

/** The series on the left, the charts of those that were chosen on the right. */
export function SeriesTab() {
  const [view] = useView();
  const range = useMetricRange();
  const [limit, setLimit] = useState(STEP);
  const wide = useMedia('(min-width: 1024px)');
  const [open, setOpen] = useState(false);
  const found = useSeries({ match: view.match, q: view.q, from: iso(range.fromMs), to: iso(range.toMs), limit, asOf: range.asOf });
  // A link that means exactly one series shows it.
  const only = view.match && found.data?.total === 1 && !found.isPlaceholderData ? found.data.items[0]?.id : undefined;
  const chosen = view.series ?? (only ? [only] : []);
  const browser = <SeriesBrowser found={found} chosen={chosen} onMore={() => setLimit(limit + STEP)} />;
  const charts = chosen.map((id) => <SeriesPanel key={id} id={id} range={range} others={chosen.filter((other) => other !== id)} />);
  if (!wide && chosen.length === 0) return browser;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[19rem_minmax(0,1fr)]">
      <div className="min-w-0 lg:sticky lg:top-0">
        {!wide && (
          <Button icon={open ? 'up' : 'down'} aria-expanded={open} className="w-full" onClick={() => setOpen(!open)}>
            {open ? 'Close the list of series' : 'Choose series'}
          </Button>
        )}
        {(wide || open) && <div className="max-lg:mt-3">{browser}</div>}
      </div>
      <div className="min-w-0 space-y-4">
        {chosen.length === 0 ? (
          <Empty icon="metrics" title="No series is chosen">
            Choose one to see its values, what was expected of it, and where it is going. With + several stand beneath each other.
          </Empty>
        ) : (
          <>
            <ChartBar />
            {charts}
          </>
        )}
      </div>
    </div>
  );
}

const iso = (ms: number) => new Date(ms).toISOString();
