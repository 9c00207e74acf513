import { Sparkline } from '@/components/chart/sparkline';
import { PatternText } from '@/components/log/pattern-text';
import { SeverityMix } from '@/components/log/severity-mix';
import { CopyButton } from '@/components/ui/copy-button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { ViewLink } from '@/components/view-link';
import { useRange } from '@/lib/anchor';
import { formatCount, formatTime } from '@/lib/format';
import { carried, PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { useView } from '@/lib/use-view';

import { useTemplate } from '../api/get-template';

import { Variables } from './variables';

/** What is constant in lines like this one, and how its variables are spread. */
export function TemplateTab({ template }: { template?: string | null }) {
  if (template) return <TemplateDetails id={template} />;
  return <Empty icon="patterns" title="No pattern yet">A pattern is found within moments of a line’s arrival. Open the line again shortly.</Empty>;
}

function TemplateDetails({ id }: { id: string }) {
  const [view] = useView();
  const [zone] = useZone();
  const range = useRange();
  const { data, error, isPending, refetch } = useTemplate(id, range);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (isPending) return <SkeletonLines count={8} label="Loading the pattern" />;
  return (
    <div className="space-y-4 p-4">
      <div className="relative">
        <p className="rounded-md border border-line bg-sunken p-3 pr-10 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
          <PatternText pattern={data.pattern} />
        </p>
        <CopyButton text={data.pattern} label="Copy the pattern" className="absolute top-1.5 right-1.5 bg-sunken" />
      </div>
      <div className="flex flex-wrap items-center gap-x-6 gap-y-2 text-xs text-soft">
        <ViewLink to={PAGES.search} view={{ ...carried(view), template: [id] }} className="font-medium text-accent hover:underline">
          {formatCount(data.count)} lines
        </ViewLink>
        <SeverityMix counts={data.severities} />
        <Sparkline values={data.trend} label="Lines over time" />
      </div>
      <p className="text-xs text-soft">
        First seen {formatTime(data.first_seen, zone, false)}, last {formatTime(data.last_seen, zone, false)}.
        {data.parent && (
          <>
            {' '}
            It generalises{' '}
            <ViewLink to={PAGES.search} view={{ ...carried(view), template: [data.parent] }} className="font-mono text-accent hover:underline">
              {data.parent}
            </ViewLink>
            .
          </>
        )}
      </p>
      <Variables template={data} range={range} />
    </div>
  );
}
