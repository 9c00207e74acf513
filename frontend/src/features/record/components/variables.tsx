import type { Template, VariableValues } from '@/api-client/types';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatCount, formatShare, plural } from '@/lib/format';
import type { TimeRange } from '@/lib/time-range';

import { useVariables } from '../api/get-variables';

const number = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });

/** How the values of each of a pattern's variables are spread. */
export function Variables({ template, range }: { template: Template; range: TimeRange & { asOf: number } }) {
  const { data, error, isPending, refetch } = useVariables(template.template, range);
  if (template.slots.length === 0) return <p className="text-xs text-soft">Every line of this pattern is the same: it has no variables.</p>;
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={6} label="Counting values" />;
  return (
    <section>
      <h3 className="mb-2 text-2xs font-semibold tracking-wide text-faint uppercase">Variables</h3>
      <div className="space-y-3">
        {data.items.map((variable) => (
          <Variable key={variable.slot} variable={variable} />
        ))}
      </div>
    </section>
  );
}

function Variable({ variable }: { variable: VariableValues }) {
  const { slot, kind, key, total, distinct, top, numeric } = variable;
  const most = Math.max(1, ...top.map(({ count }) => count));
  return (
    <div className="rounded-md border border-line p-2.5">
      <h4 className="flex flex-wrap items-baseline gap-x-2 text-xs">
        <span className="font-mono text-accent-strong">&lt;{kind}&gt;</span>
        <span className="font-medium">{key ?? `position ${slot + 1}`}</span>
        <span className="ml-auto text-faint">{plural(distinct, 'value')}</span>
      </h4>
      {numeric && (
        <p className="mt-0.5 text-xs text-soft tabular-nums">
          min {number.format(numeric.min)} · median {number.format(numeric.median)} · max {number.format(numeric.max)}
        </p>
      )}
      <ul className="mt-1.5 space-y-0.5">
        {top.slice(0, 8).map(({ value, count }) => (
          <li key={value} className="relative flex items-center gap-2 px-1.5 text-xs">
            <span aria-hidden="true" className="absolute inset-y-0 left-0 rounded-sm bg-chosen" style={{ width: `${(count / most) * 100}%` }} />
            <span className="relative min-w-0 flex-1 truncate font-mono leading-5" title={value}>
              {value}
            </span>
            <span className="relative text-soft tabular-nums" title={formatCount(count)}>
              {formatShare(count, total)}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
