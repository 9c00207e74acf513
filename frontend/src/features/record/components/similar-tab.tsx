import { PatternText } from '@/components/log/pattern-text';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { formatCompact, formatCount } from '@/lib/format';
import { PAGES } from '@/lib/pages';

import { useSimilar } from '../api/get-similar';

import { LineList } from './line-list';

/** Lines of the same pattern, and of patterns that mean nearly the same. */
export function SimilarTab({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useSimilar(id);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={12} label="Looking for similar lines" />;
  if (data.items.length === 0) return <Empty title="No similar lines">This line is the only one of its kind so far.</Empty>;
  return (
    <div>
      {data.notice && <p className="px-4 pt-3 text-xs text-(--warn-text)">{data.notice}</p>}
      {data.prototypes.length > 0 && (
        <section className="border-b border-line px-4 py-3">
          <h3 className="mb-1 text-2xs font-semibold tracking-wide text-faint uppercase">Patterns</h3>
          <ul className="space-y-1">
            {data.prototypes.map(({ template, pattern, score, count }) => (
              <li key={template} className="flex items-baseline gap-3 text-xs">
                <ViewLink to={PAGES.search} view={{ template: [template] }} className="min-w-0 flex-1 truncate font-mono hover:underline" title={pattern}>
                  <PatternText pattern={pattern} />
                </ViewLink>
                <span className="text-faint tabular-nums" title="similarity">
                  {score.toFixed(2)}
                </span>
                <span className="w-16 text-right text-soft tabular-nums" title={formatCount(count)}>
                  {formatCompact(count)} lines
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <LineList lines={data.items} current={id} label="Similar lines" keepTab />
    </div>
  );
}
