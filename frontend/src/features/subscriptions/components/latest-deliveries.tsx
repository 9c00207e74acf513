import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { PAGES } from '@/lib/pages';

import { useNewestDeliveries } from '../api/get-deliveries';

import { DeliveryRows } from './delivery-rows';

const SHOWN = 10;

/** The newest deliveries of one subscription. */
export function LatestDeliveries({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useNewestDeliveries({ subscription: id }, SHOWN);
  return (
    <Panel
      title="Latest deliveries"
      aside={
        <ViewLink to={PAGES.subscriptions} view={{ view: 'deliveries', subscription: id }} className="text-sm text-accent hover:underline">
          All of them
        </ViewLink>
      }
    >
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={3} label="Loading the deliveries" />}
      {data?.items.length === 0 && <p className="p-4 text-sm text-soft">Nothing was told yet.</p>}
      {data && data.items.length > 0 && <DeliveryRows items={data.items} />}
    </Panel>
  );
}
