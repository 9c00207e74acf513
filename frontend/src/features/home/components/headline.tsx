import type { DataSource, Stats } from '@/api-client/types';
import { formatKnown, formatRate, plural } from '@/lib/format';

/** One sentence that says what the server is doing now. */
export function Headline({ stats, sources }: { stats?: Stats; sources?: DataSource[] }) {
  return (
    <header>
      <h1 className="text-xl font-semibold tracking-tight">{title(sources)}</h1>
      <p className="mt-1 min-h-5 text-sm text-soft tabular-nums">
        {stats && (
          <>
            {formatKnown(stats.records)} lines held, {formatRate(stats.records_per_second)} arriving, in {formatKnown(stats.templates, (n) => plural(n, 'pattern'))}.
          </>
        )}
      </p>
    </header>
  );
}

function title(sources: DataSource[] | undefined) {
  if (!sources) return 'Tocsin';
  const reading = sources.filter(({ status }) => status === 'reading').length;
  if (sources.length === 0) return 'Ready, and waiting for the first line';
  return reading > 0 ? `Reading ${plural(reading, 'source')}` : `Watching ${plural(sources.length, 'source')}, all quiet now`;
}
