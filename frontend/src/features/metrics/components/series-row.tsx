import type { Series } from '@/api-client/types';
import { IconButton } from '@/components/ui/button';
import { ViewLink } from '@/components/view-link';
import { labelText } from '@/lib/labels';
import { PAGES } from '@/lib/pages';
import { useView } from '@/lib/use-view';

import { toggled } from '../charted';

/** A series to choose: alone, or below those that are chosen already. */
export function SeriesRow({ series, chosen }: { series: Series; chosen: string[] }) {
  const [view, setView] = useView();
  const isChosen = chosen.includes(series.id);
  const labels = labelText(series.labels);
  return (
    <li className={`flex items-center gap-1 border-b border-line pr-2 last:border-b-0 ${isChosen ? 'bg-chosen' : 'hover:bg-hover'}`}>
      <ViewLink
        to={PAGES.metrics}
        view={{ ...view, series: [series.id] }}
        aria-current={isChosen ? 'true' : undefined}
        title={`${series.name} ${labels}, ${series.kind}, from ${series.source}`}
        className="min-w-0 flex-1 py-1.5 pl-3 focus-visible:-outline-offset-2"
      >
        <span className={`block truncate text-sm ${isChosen ? 'font-semibold' : 'font-medium'}`}>{series.name}</span>
        <span className="block truncate text-xs text-faint">
          {labels && `${labels} · `}
          {series.source}
        </span>
      </ViewLink>
      <IconButton
        label={isChosen ? `Take the chart of ${series.name} away` : `Add a chart of ${series.name}`}
        icon={isChosen ? 'minus' : 'plus'}
        className="size-7!"
        onClick={() => setView({ series: toggled(chosen, series.id) })}
      />
    </li>
  );
}
