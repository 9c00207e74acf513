import { IconButton } from '@/components/ui/button';
import { SkeletonLines } from '@/components/ui/skeleton';
import type { LogFilters } from '@/lib/filters';

import { useFacets } from '../api/get-facets';

import { FacetGroup } from './facet-group';

const TITLES = { severity: 'Severity', source: 'Source', host: 'Host' };
type FacetKey = keyof typeof TITLES;
const KEYS = Object.keys(TITLES) as FacetKey[];

/** The values of source, host and severity with their counts; a click narrows the search to one. */
export function FacetPanel({ filters, onClose }: { filters: LogFilters; onClose?: () => void }) {
  const { data, isPending } = useFacets(filters);
  if (!isPending && !onClose && !data?.items.some(({ values }) => values.length > 0)) return null;
  return (
    <aside
      aria-label="Fields"
      className={onClose ? 'fixed inset-y-0 left-0 z-40 w-full overflow-y-auto border-r border-line bg-surface p-3 shadow-xl md:w-72' : 'w-56 shrink-0 overflow-y-auto border-r border-line bg-surface px-2 py-2'}
    >
      {onClose && (
        <div className="flex items-center justify-between">
          <h2 className="font-semibold">Fields</h2>
          <IconButton label="Close the fields" icon="close" onClick={onClose} />
        </div>
      )}
      {isPending && <SkeletonLines count={8} label="Loading fields" />}
      {KEYS.map((key) => {
        // Lines of no known host have the empty one, which cannot be asked for.
        const values = data?.items.find((item) => item.key === key)?.values.filter(({ value }) => value !== '') ?? [];
        return values.length > 0 && <FacetGroup key={key} name={key} title={TITLES[key]} values={values} mode={filters.mode} />;
      })}
    </aside>
  );
}
