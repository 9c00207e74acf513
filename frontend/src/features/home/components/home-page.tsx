import { useDataSources } from '@/api-client/get-data-sources';
import { useStats } from '@/api-client/get-stats';

import { AheadPanel } from './ahead-panel';
import { AskBox } from './ask-box';
import { Headline } from './headline';
import { HostPanel } from './host-panel';
import { NextStep } from './next-step';
import { OpenAlerts } from './open-alerts';
import { ReadingPanel } from './reading-panel';
import { RecentErrors } from './recent-errors';

/** The first screen: what is being read, a place to ask, what is wrong, and how to send more. */
export default function HomePage() {
  const stats = useStats();
  const sources = useDataSources();
  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto max-w-6xl space-y-6 px-4 py-6 md:px-6 md:py-8">
        <Headline stats={stats.data} sources={sources.data?.items} />
        <AskBox stats={stats.data} />
        <div className="grid grid-cols-1 items-start gap-5 lg:grid-cols-2">
          <OpenAlerts />
          <HostPanel />
          <AheadPanel />
          <ReadingPanel sources={sources} />
          <RecentErrors />
        </div>
        <NextStep stats={stats.data} />
      </div>
    </div>
  );
}
