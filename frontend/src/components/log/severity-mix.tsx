import { formatCount, formatShare } from '@/lib/format';
import { SEVERITIES, type SeverityCounts } from '@/lib/severity';

/** A bar whose parts are the severities' shares of a group of lines. */
export function SeverityMix({ counts, className = 'h-2 w-24' }: { counts: SeverityCounts; className?: string }) {
  const present = SEVERITIES.flatMap((severity) => {
    const count = counts[severity] ?? 0;
    return count > 0 ? [{ severity, count }] : [];
  });
  const total = present.reduce((sum, { count }) => sum + count, 0);
  const text = present.map(({ severity, count }) => `${severity} ${formatCount(count)} (${formatShare(count, total)})`).join(', ');
  return (
    <span role="img" aria-label={text || 'no lines'} title={text} className={`flex overflow-hidden rounded-full bg-line ${className}`}>
      {present.map(({ severity, count }) => (
        <span key={severity} className="min-w-0.5" style={{ background: `var(--${severity})`, flexGrow: count, flexBasis: 0 }} />
      ))}
    </span>
  );
}
