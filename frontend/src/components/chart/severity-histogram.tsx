import { useMemo, useState } from 'react';
import type uPlot from 'uplot';

import type { Histogram } from '@/api-client/types';
import { formatCount, formatSpan, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { useTheme } from '@/lib/theme';

import { SeveritySwatch } from '../log/severity-tag';

import { severityBars, type BarsFrame } from './severity-bars';
import { severityStack, stackedColumns, type SeverityStack } from './severity-stack';
import { UplotChart } from './uplot-chart';

interface Props {
  histogram: Histogram;
  onZoom: (fromMs: number, toMs: number) => void;
  height?: number;
  frame?: BarsFrame;
}

/** Lines over time, stacked by severity. */
export default function SeverityHistogram({ histogram, onZoom, height = 112, frame }: Props) {
  const [zone] = useZone();
  const { shown: theme } = useTheme();
  const [hovered, setHovered] = useState<number>();
  const stack = useMemo(() => severityStack(histogram), [histogram]);
  const data = useMemo<uPlot.AlignedData>(() => [stack.starts.map((ms) => ms / 1000), ...stackedColumns(stack)], [stack]);
  const severities = stack.severities.join();

  const options = useMemo(() => {
    void theme; // Colours are read from the theme when the chart is made.
    return severityBars({ severities: stack.severities, intervalMs: stack.interval, zone, onZoom: (from, to) => onZoom(...snap(stack, from, to)), onHover: setHovered, frame });
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the list is compared by its content
  }, [severities, stack.starts[0], stack.interval, zone, theme, onZoom, frame]);

  return (
    <div className="relative" role="img" aria-label={summary(histogram, stack)}>
      <UplotChart options={options} data={data} height={height} />
      {hovered !== undefined && stack.starts[hovered] !== undefined && <Hover stack={stack} index={hovered} />}
    </div>
  );
}

/** Whole buckets: what is cut in the picture would otherwise be cut in the numbers. */
function snap({ starts, interval }: SeverityStack, from: number, to: number): [number, number] {
  const first = starts[0] ?? 0;
  const start = first + Math.floor((from - first) / interval) * interval;
  return [start, Math.max(start + interval, first + Math.ceil((to - first) / interval) * interval)];
}

function summary(histogram: Histogram, stack: SeverityStack) {
  const parts = stack.severities.map((severity) => `${severity} ${formatCount(stack.totals.get(severity) ?? 0)}`);
  return `Lines over time: ${formatCount(histogram.total)} in intervals of ${formatSpan(histogram.interval_ms / 1000)}. ${parts.join(', ')}`;
}

function Hover({ stack, index }: { stack: SeverityStack; index: number }) {
  const [zone] = useZone();
  const start = stack.starts[index] ?? 0;
  const onLeft = index < stack.starts.length / 2;
  return (
    <div aria-hidden="true" className={`pointer-events-none absolute top-1 z-10 rounded-md border border-line-strong bg-raised px-2.5 py-1.5 text-xs shadow-lg shadow-black/10 ${onLeft ? 'right-2' : 'left-14'}`}>
      <p className="mb-0.5 font-medium tabular-nums">
        {formatTime(start, zone, stack.interval < 1000)} <span className="font-normal text-faint">+{formatSpan(stack.interval / 1000)}</span>
      </p>
      {stack.severities.map((severity) => {
        const count = stack.counts.get(severity)?.[index] ?? 0;
        return (
          count > 0 && (
            <p key={severity} className="flex items-center gap-1.5 tabular-nums">
              <SeveritySwatch severity={severity} className="size-2" />
              <span className="flex-1 text-soft">{severity}</span>
              {formatCount(count)}
            </p>
          )
        );
      })}
    </div>
  );
}
