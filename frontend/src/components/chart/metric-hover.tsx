import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { formatValue, type Measure } from '@/lib/units';

import { valueNear, type Plot } from './plot';

/** More rows than this would hide the chart. */
const ROWS_MAX = 10;

/** What the lines say where the pointer is. */
export function MetricHover({ plot, measure, index, onLeft }: { plot: Plot; measure: Measure; index: number; onLeft: boolean }) {
  const [zone] = useZone();
  const column = (key: string) => plot.lines.find((line) => line.key === key)?.values ?? [];
  const near = (key: string) => valueNear(column(key), index);
  const lines = plot.lines.flatMap(({ key, label, color }) => {
    const value = label === undefined ? null : near(key);
    return label === undefined || value === null ? [] : [{ key, label, color, value, text: formatValue(value, measure) }];
  });
  const bands = plot.bands.flatMap(({ label, color, lower, upper }) => {
    const [low, high] = [near(lower), near(upper)];
    return low === null || high === null ? [] : [{ key: upper, label, color, text: `${formatValue(low, measure)} – ${formatValue(high, measure)}` }];
  });
  // Of many lines the highest are told, as they stand in the picture.
  const told = lines.length > 3 ? [...lines].sort((a, b) => b.value - a.value) : lines;
  return (
    <div
      aria-hidden="true"
      className={`pointer-events-none absolute top-1 z-10 max-w-[70%] rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-xs shadow-lg shadow-black/10 ${onLeft ? 'right-2' : 'left-18'}`}
    >
      <p className="mb-0.5 font-medium tabular-nums">{formatTime(plot.at[index] ?? 0, zone, false)}</p>
      {[...told.slice(0, ROWS_MAX), ...bands].map(({ key, label, color, text }) => (
        <p key={key} className="flex items-center gap-1.5 tabular-nums">
          <span className="size-2 shrink-0 rounded-xs" style={{ background: `var(${color})` }} />
          <span className="min-w-0 flex-1 truncate text-soft">{label}</span>
          <span className="shrink-0">{text}</span>
        </p>
      ))}
      {told.length > ROWS_MAX && <p className="text-faint">and {told.length - ROWS_MAX} more</p>}
    </div>
  );
}
