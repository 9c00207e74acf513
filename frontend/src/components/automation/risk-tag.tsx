import type { RiskLevel } from '@/lib/automation-words';

const LOOKS: Record<RiskLevel, string> = { low: 'text-soft', medium: 'text-(--warn-text)', high: 'font-semibold text-danger' };
const BARS: Record<RiskLevel, number> = { low: 1, medium: 2, high: 3 };

/** How dangerous something is: in a word, and as one to three bars. */
export function RiskTag({ level }: { level: RiskLevel }) {
  return (
    <span className={`inline-flex items-center gap-1.5 text-xs whitespace-nowrap ${LOOKS[level]}`}>
      <span aria-hidden="true" className="flex items-end gap-px">
        {[1, 2, 3].map((bar) => (
          <span key={bar} className={`w-1 rounded-[1px] ${bar <= BARS[level] ? 'bg-current' : 'bg-line-strong'}`} style={{ height: `${3 + bar * 2}px` }} />
        ))}
      </span>
      {level} risk
    </span>
  );
}
