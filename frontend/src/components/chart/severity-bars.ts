import uPlot from 'uplot';

import { formatCompact, formatTick, type Zone } from '@/lib/format';
import type { Severity } from '@/lib/severity';

import { cssColor } from './css-color';
import type { ChartOptions } from './uplot-chart';

interface Wishes {
  severities: Severity[];
  /** How long a bar stands for. */
  intervalMs: number;
  zone: Zone;
  onZoom: (fromMs: number, toMs: number) => void;
  onHover: (index: number | undefined) => void;
}

const SELECTION_PX_MIN = 4;

/** Describes bars of severities over time; dragging across them asks for that stretch of time. */
export function severityBars({ severities, intervalMs, zone, onZoom, onHover }: Wishes): ChartOptions {
  const interval = intervalMs / 1000;
  const axis = { stroke: cssColor('--ink-faint'), font: '11px system-ui, sans-serif', ticks: { show: false } };
  const bars = uPlot.paths.bars?.({ size: [0.88, 64], align: 1 });
  return {
    padding: [8, 8, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => (zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000)),
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, setScale: false } },
    // A bar stands to the right of its beginning: the last one needs its room.
    scales: { x: { time: true, range: (_, min, max) => [min, max + interval] }, y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] } },
    axes: [
      {
        ...axis,
        size: 24,
        gap: 4,
        space: 80,
        grid: { show: false },
        values: (_, splits, __, ___, increment) => splits.map((seconds) => formatTick(seconds * 1000, zone, increment * 1000)),
      },
      {
        ...axis,
        size: 44,
        gap: 6,
        space: 28,
        grid: { stroke: cssColor('--line'), width: 1 },
        values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? formatCompact(value) : '')),
      },
    ],
    series: [
      {},
      ...[...severities].reverse().map((severity) => ({ label: severity, fill: cssColor(`--${severity}`), width: 0, paths: bars, points: { show: false } })),
    ],
    hooks: {
      setCursor: [(chart) => onHover(barAt(chart, interval))],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < SELECTION_PX_MIN) return;
          onZoom(chart.posToVal(left, 'x') * 1000, chart.posToVal(left + width, 'x') * 1000);
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
    },
  };
}

/** The bar under the pointer; uPlot itself would take the one whose beginning is nearest. */
function barAt({ cursor, data, posToVal }: uPlot, interval: number): number | undefined {
  const first = data[0][0];
  if (first === undefined || cursor.left === undefined || cursor.left < 0) return undefined;
  return Math.floor((posToVal(cursor.left, 'x') - first) / interval);
}
