import { ownLabels, type Labels } from '@/lib/labels';

/** Labels in small print; `without` are said elsewhere. */
export function LabelList({ labels, without = [], className = '' }: { labels: Labels; without?: string[]; className?: string }) {
  const shown = ownLabels(labels).filter(([key]) => !without.includes(key));
  if (shown.length === 0) return null;
  return (
    <span className={`flex flex-wrap gap-x-2.5 text-xs text-faint ${className}`}>
      {shown.map(([key, value]) => (
        <span key={key} className="break-all">
          {key}=<span className="text-soft">{value}</span>
        </span>
      ))}
    </span>
  );
}
