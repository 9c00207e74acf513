import { useStats } from '@/api-client/get-stats';
import { Page } from '@/components/page';
import { Tabs } from '@/components/ui/tabs';
import { formatKnown, formatRate } from '@/lib/format';
import { useView } from '@/lib/use-view';

import { AnomaliesTab } from './anomalies-tab';
import { ForecastsTab } from './forecasts-tab';
import { QueryTab } from './query-tab';
import { ScorecardTab } from './scorecard-tab';
import { SeriesTab } from './series-tab';

const TABS = ['series', 'query', 'anomalies', 'forecasts', 'scorecard'] as const;

/** What is measured: the series, what is unusual about them, and where they are going. */
export default function MetricsPage() {
  const [view, setView] = useView();
  const { data: stats } = useStats();
  const shown = TABS.find((tab) => tab === view.view) ?? 'series';
  const lead = stats && `${formatKnown(stats.series)} series, ${formatKnown(stats.points)} points, ${formatRate(stats.points_per_second)} arriving`;
  return (
    <Page title="Metrics" lead={lead}>
      <Tabs
        label="Metrics"
        className="-mx-4 md:mx-0 [&>[role=tabpanel]]:px-4 [&>[role=tabpanel]]:pt-4 md:[&>[role=tabpanel]]:px-0"
        value={shown}
        // What narrows one list means nothing to another.
        onChange={(next) => setView({ view: next === 'series' ? undefined : next, q: undefined, match: undefined, detector: undefined, only: undefined })}
        tabs={[
          { value: 'series', label: 'Series', content: <SeriesTab /> },
          { value: 'query', label: 'Query', content: <QueryTab /> },
          { value: 'anomalies', label: 'Anomalies', content: <AnomaliesTab /> },
          { value: 'forecasts', label: 'Forecasts', content: <ForecastsTab /> },
          { value: 'scorecard', label: 'Scorecard', content: <ScorecardTab /> },
        ]}
      />
    </Page>
  );
}
