import type { UseQueryResult } from '@tanstack/react-query';

import { ApiError } from '@/api-client/http';
import type { List, Series } from '@/api-client/types';
import { FilterField } from '@/components/filter-field';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatCount } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

import { SelectorField } from './selector-field';
import { SeriesRow } from './series-row';

/** As many as one request gives. */
const LIMIT_MAX = 1000;

interface Props {
  found: UseQueryResult<List<Series> & { total: number }>;
  chosen: string[];
  onMore: () => void;
}

/** The series with points in the chosen time, narrowed by words and by a selector. */
export function SeriesBrowser({ found: { data, error, isPending, isPlaceholderData, refetch }, chosen, onMore }: Props) {
  const [view] = useView();
  const refused = error instanceof ApiError && error.status === 400 ? error : undefined;
  return (
    <Panel className="flex flex-col lg:max-h-[calc(100vh-5rem)]">
      <div className="space-y-2 border-b border-line p-3">
        <FilterField label="Search name and labels" className="w-full" />
        <SelectorField error={refused} />
      </div>
      <div className={`min-h-0 flex-1 overflow-y-auto ${isPlaceholderData ? 'opacity-60' : ''}`}>
        {error && !refused && <Failure error={error} retry={() => void refetch()} />}
        {isPending && <SkeletonLines count={10} label="Loading the series" />}
        {data && !error && data.items.length === 0 && <NoSeries isNarrowed={Boolean(view.q ?? view.match)} />}
        {data && !error && (
          <ul aria-label="Series">
            {data.items.map((series) => (
              <SeriesRow key={series.id} series={series} chosen={chosen} />
            ))}
          </ul>
        )}
      </div>
      {data && !error && data.items.length > 0 && (
        <p className="flex items-center justify-between gap-3 border-t border-line px-3 py-2 text-xs text-faint">
          {data.next_cursor ? `${formatCount(data.items.length)} of ${formatCount(data.total)} series` : `${formatCount(data.total)} series`}
          {data.next_cursor && data.items.length < LIMIT_MAX && (
            <Button disabled={isPlaceholderData} onClick={onMore}>
              Show more
            </Button>
          )}
        </p>
      )}
    </Panel>
  );
}

function NoSeries({ isNarrowed }: { isNarrowed: boolean }) {
  if (isNarrowed) {
    return (
      <Empty icon="metrics" title="No series fits">
        None that has points in this time range has all of these words and labels.
      </Empty>
    );
  }
  const actions = (
    <ViewLink to={PAGES.home} className="text-accent hover:underline">
      How to send metrics here
    </ViewLink>
  );
  return (
    <Empty icon="metrics" title="No metrics in this time" actions={actions}>
      The collector of this host, Telegraf, Prometheus and OpenTelemetry can all send here.
    </Empty>
  );
}
