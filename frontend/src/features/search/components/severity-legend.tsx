import { useMemo } from 'react';

import type { Histogram } from '@/api-client/types';
import { SeveritySwatch } from '@/components/log/severity-tag';
import { formatCompact, formatCount } from '@/lib/format';
import { SEVERITIES, type Severity } from '@/lib/severity';
import { useView } from '@/lib/use-view';

/** The severities that occur with their counts; pressing one shows it alone, or with others pressed. */
export function SeverityLegend({ histogram }: { histogram: Histogram }) {
  const [{ severity: chosen = [] }, setView] = useView();
  const totals = useMemo(() => totalsOf(histogram), [histogram]);
  const toggle = (severity: Severity) =>
    setView({ severity: chosen.includes(severity) ? chosen.filter((other) => other !== severity) : [...chosen, severity] });
  return (
    <div role="group" aria-label="Severities" className="flex flex-wrap items-center gap-1">
      {SEVERITIES.filter((severity) => totals[severity] || chosen.includes(severity)).map((severity) => {
        const pressed = chosen.includes(severity);
        return (
          <button
            key={severity}
            type="button"
            aria-pressed={pressed}
            title={`${severity}: ${formatCount(totals[severity] ?? 0)} lines`}
            onClick={() => toggle(severity)}
            className={`inline-flex h-6 items-center gap-1.5 rounded-md border px-1.5 text-xs hover:bg-hover ${pressed ? 'border-accent bg-chosen' : 'border-transparent'} ${chosen.length > 0 && !pressed ? 'text-soft line-through decoration-faint' : ''}`}
          >
            <SeveritySwatch severity={severity} />
            {severity}
            <span className="text-soft tabular-nums">{formatCompact(totals[severity] ?? 0)}</span>
          </button>
        );
      })}
    </div>
  );
}

function totalsOf({ buckets }: Histogram) {
  const totals: Partial<Record<Severity, number>> = {};
  for (const { counts } of buckets)
    for (const severity of SEVERITIES) totals[severity] = (totals[severity] ?? 0) + (counts[severity] ?? 0);
  return totals;
}
