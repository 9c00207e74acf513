import type { Plot } from './plot';

interface Props {
  plot: Plot;
  hasZones: boolean;
  hasLimits: boolean;
}

/** What the lines and colours of a chart mean. */
export function MetricLegend({ plot, hasZones, hasLimits }: Props) {
  const entries = [
    ...plot.lines.flatMap(({ key, label, color, dash }) => (label === undefined ? [] : [{ key, label, color, look: dash ? 'dashed' : 'line', opacity: 1 }])),
    ...plot.bands.map(({ upper, label, color, opacity }) => ({ key: upper, label, color, look: 'area', opacity })),
    ...(hasZones ? [{ key: 'zones', label: 'anomaly', color: '--danger', look: 'area', opacity: 0.2 }] : []),
    ...(hasLimits ? [{ key: 'limits', label: 'limit', color: '--chart-limit', look: 'dashed', opacity: 1 }] : []),
  ];
  return (
    <ul aria-label="Legend" className="flex max-h-24 flex-wrap gap-x-4 gap-y-0.5 overflow-y-auto text-xs text-soft">
      {entries.map(({ key, label, color, look, opacity }) => (
        <li key={key} className="flex min-w-0 items-center gap-1.5">
          <Swatch look={look} color={`var(${color})`} opacity={opacity} />
          <span className="truncate">{label}</span>
        </li>
      ))}
    </ul>
  );
}

function Swatch({ look, color, opacity }: { look: string; color: string; opacity: number }) {
  if (look === 'area') return <span aria-hidden="true" className="h-2.5 w-4 shrink-0 rounded-xs" style={{ background: `color-mix(in srgb, ${color} ${opacity * 160}%, transparent)` }} />;
  return <span aria-hidden="true" className="w-4 shrink-0 border-t-2" style={{ borderColor: color, borderStyle: look === 'dashed' ? 'dashed' : 'solid' }} />;
}
