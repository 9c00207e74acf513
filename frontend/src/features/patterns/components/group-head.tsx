import { SortTh, Th } from '@/components/ui/table';
import { useView } from '@/lib/use-view';

import { sortOf, type Sort } from '../group-rows';

/** The headings of clusters and of patterns. */
export function GroupHead({ what, fourth = 'Trend' }: { what: string; fourth?: string }) {
  const [view, setView] = useView();
  const sort = sortOf(view.sort);
  const by = (key: Sort) => ({ active: sort === key, onSort: () => setView({ sort: key === 'count' ? undefined : key }, { replace: true }) });
  return (
    <thead>
      <tr>
        <Th className="w-1/2">{what}</Th>
        <SortTh right {...by('count')}>
          Lines
        </SortTh>
        <SortTh {...by('severity')}>Severities</SortTh>
        <Th>{fourth}</Th>
        <SortTh right {...by('first')}>
          First seen
        </SortTh>
        <SortTh right {...by('newest')}>
          Last seen
        </SortTh>
      </tr>
    </thead>
  );
}
