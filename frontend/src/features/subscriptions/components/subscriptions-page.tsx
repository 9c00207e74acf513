import { Page } from '@/components/page';
import { Tabs } from '@/components/ui/tabs';
import { useView } from '@/lib/use-view';

import { DeliveryLog } from './delivery-log';
import { LiveStreams } from './live-streams';
import { SubscriptionsTab } from './subscriptions-tab';

const TABS = ['subscriptions', 'deliveries', 'live'] as const;

/** Who is told of which alerts, and what became of it. */
export default function SubscriptionsPage() {
  const [view, setView] = useView();
  const shown = TABS.find((tab) => tab === view.view) ?? 'subscriptions';
  return (
    <Page title="Subscriptions" lead="Who is told of which alerts, where and when.">
      <Tabs
        label="Subscriptions"
        className="-mx-4 md:mx-0 [&>[role=tabpanel]]:px-4 [&>[role=tabpanel]]:pt-4 md:[&>[role=tabpanel]]:px-0"
        value={shown}
        onChange={(next) => setView({ view: next === 'subscriptions' ? undefined : next, subscription: undefined, status: undefined, q: undefined })}
        tabs={[
          { value: 'subscriptions', label: 'Subscriptions', content: <SubscriptionsTab /> },
          { value: 'deliveries', label: 'Deliveries', content: <DeliveryLog /> },
          { value: 'live', label: 'Live streams', content: <LiveStreams /> },
        ]}
      />
    </Page>
  );
}
