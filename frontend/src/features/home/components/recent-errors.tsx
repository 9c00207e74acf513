import { useTemplates } from '@/api-client/get-templates';
import { PatternText } from '@/components/log/pattern-text';
import { SeveritySwatch } from '@/components/log/severity-tag';
import { Panel } from '@/components/panel';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatAgo, formatCompact, formatCount } from '@/lib/format';
import { PAGES } from '@/lib/pages';
import { useNow } from '@/lib/use-now';

const SHOWN = 6;

/** The kinds of errors that were seen last. */
export function RecentErrors() {
  const { data, error, isPending, refetch } = useTemplates({ severity: ['error', 'fatal'], sort: 'newest', limit: SHOWN });
  const now = useNow(5);
  return (
    <Panel
      title="Recent errors"
      aside={
        <ViewLink to={PAGES.search} view={{ severity: ['error', 'fatal'] }} className="text-xs text-accent hover:underline">
          All errors
        </ViewLink>
      }
    >
      {error && <Failure error={error} retry={() => void refetch()} />}
      {isPending && <SkeletonLines count={4} label="Loading recent errors" />}
      {data?.items.length === 0 && <p className="p-4 text-sm text-soft">No errors among the lines held here.</p>}
      <ul className="divide-y divide-line">
        {data?.items.map((template) => (
          <li key={template.template}>
            <ViewLink
              to={PAGES.search}
              view={{ template: [template.template] }}
              className="flex items-start gap-3 px-4 py-2 hover:bg-hover focus-visible:-outline-offset-2"
            >
              <SeveritySwatch severity={template.severity} className="mt-1 h-4 w-1" />
              <span className="min-w-0 flex-1">
                <span className="line-clamp-2 font-mono text-xs leading-5 break-words">
                  <PatternText pattern={template.pattern} />
                </span>
                <span className="block truncate text-xs text-faint">
                  {template.source} · last {formatAgo(template.last_seen, now)}
                </span>
              </span>
              <span className="text-sm tabular-nums" title={`${formatCount(template.count)} lines`}>
                {formatCompact(template.count)}
              </span>
            </ViewLink>
          </li>
        ))}
      </ul>
    </Panel>
  );
}
