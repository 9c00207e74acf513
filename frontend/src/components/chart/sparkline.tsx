import { formatCount } from '@/lib/format';

/** Counts over equal stretches of time as small bars. */
export function Sparkline({ values, label, color = 'var(--accent)', className = 'h-6 w-28' }: { values: number[]; label: string; color?: string; className?: string }) {
  const top = Math.max(1, ...values);
  const width = 100 / Math.max(1, values.length);
  const text = `${label}: at most ${formatCount(Math.max(0, ...values))} in one of ${values.length} intervals, ${formatCount(values.at(-1) ?? 0)} in the last`;
  return (
    <svg role="img" aria-label={text} viewBox="0 0 100 24" preserveAspectRatio="none" className={className}>
      <title>{text}</title>
      <line x1="0" x2="100" y1="23.500" y2="23.500" stroke="var(--line-strong)" strokeWidth="0.500" />
      {values.map((value, index) => {
        const height = value === 0 ? 0 : Math.max(1.5, (value / top) * 22);
        return <rect key={index} x={index * width + width * 0.1} y={24 - height} width={width * 0.8} height={height} fill={color} />;
      })}
    </svg>
  );
}
