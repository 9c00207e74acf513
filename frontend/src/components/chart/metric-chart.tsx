import { useMemo, useState } from 'react';
import type uPlot from 'uplot';

import { useZone } from '@/lib/stored';
import { useTheme } from '@/lib/theme';

import { MetricHover } from './metric-hover';
import { MetricLegend } from './metric-legend';
import { metricOptions, type MetricWishes } from './metric-options';
import { UplotChart } from './uplot-chart';

type Props = Omit<MetricWishes, 'zone' | 'onHover'> & { label: string; height?: number };

/** Values of metrics over time. Dragging zooms, a click chooses a moment. */
export default function MetricChart({ label, height = 220, plot, measure, fromMs, toMs, zones, limits, pickedMs, onZoom, onPick }: Props) {
  const [zone] = useZone();
  const { shown: theme } = useTheme();
  const [hovered, setHovered] = useState<number>();
  const data = useMemo(() => [plot.at.map((ms) => ms / 1000), ...plot.lines.map(({ values }) => values)] as uPlot.AlignedData, [plot]);
  const options = useMemo(() => {
    void theme; // Colours are read from the theme when the chart is made.
    return metricOptions({ plot, measure, fromMs, toMs, zone, zones, limits, pickedMs, onZoom, onPick, onHover: setHovered });
  }, [plot, measure, fromMs, toMs, zone, theme, zones, limits, pickedMs, onZoom, onPick]);
  const at = hovered === undefined ? undefined : plot.at[hovered];
  return (
    <div>
      <div className="relative" role="img" aria-label={label}>
        {/* A chart is made for its lines: others need another one. */}
        <UplotChart key={plot.lines.map(({ key }) => key).join()} options={options} data={data} height={height} />
        {hovered !== undefined && at !== undefined && <MetricHover plot={plot} measure={measure} index={hovered} onLeft={at < (fromMs + toMs) / 2} />}
      </div>
      <div className="px-3 pb-2">
        <MetricLegend plot={plot} hasZones={(zones?.length ?? 0) > 0} hasLimits={(limits?.length ?? 0) > 0} />
      </div>
    </div>
  );
}
