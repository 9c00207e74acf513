import uPlot from 'uplot';

import { formatCompact, type Zone } from '@/lib/format';
import type { Severity } from '@/lib/severity';

import { cssColor } from './css-color';
import { timeAxis, timeFrame, valueAxis, zoomHook } from './frame';
import type { ChartOptions } from './uplot-chart';

interface Wishes {
  severities: Severity[];
  /** How long a bar stands for. */
  intervalMs: number;
  zone: Zone;
  onZoom: (fromMs: number, toMs: number) => void;
  onHover: (index: number | undefined) => void;
  frame?: BarsFrame;
}

/** How bars stand below another chart: over the same time, in the same place, with one pointer. */
export interface BarsFrame {
  sync: string;
  fromMs: number;
  toMs: number;
  axisPx: number;
}

const AXIS_PX = 44;

/** Describes bars of severities over time; dragging across them asks for that stretch of time. */
export function severityBars({ severities, intervalMs, zone, onZoom, onHover, frame }: Wishes): ChartOptions {
  const interval = intervalMs / 1000;
  const bars = uPlot.paths.bars?.({ size: [0.88, 64], align: 1 });
  return {
    ...timeFrame(zone, frame?.sync),
    // A bar stands to the right of its beginning: the last one needs its room.
    scales: {
      x: { time: true, range: (_, min, max) => (frame ? [frame.fromMs / 1000, frame.toMs / 1000] : [min, max + interval]) },
      y: { range: (_, __, max) => [0, Math.max(1, max * 1.05)] },
    },
    axes: [timeAxis(zone), valueAxis((value) => (Number.isInteger(value) ? formatCompact(value) : ''), frame?.axisPx ?? AXIS_PX)],
    series: [
      {},
      ...[...severities].reverse().map((severity) => ({ label: severity, fill: cssColor(`--${severity}`), width: 0, paths: bars, points: { show: false } })),
    ],
    hooks: { setCursor: [(chart) => onHover(barAt(chart, interval))], setSelect: [zoomHook(onZoom)] },
  };
}

/** The bar under the pointer; uPlot itself would take the one whose beginning is nearest. */
function barAt({ cursor, data, posToVal }: uPlot, interval: number): number | undefined {
  const first = data[0][0];
  if (first === undefined || cursor.left === undefined || cursor.left < 0) return undefined;
  return Math.floor((posToVal(cursor.left, 'x') - first) / interval);
}
