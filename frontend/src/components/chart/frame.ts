import uPlot from 'uplot';

import { formatTick, type Zone } from '@/lib/format';

import { cssColor } from './css-color';
import type { ChartOptions } from './uplot-chart';

const SELECTION_PX_MIN = 4;

const axisLook = () => ({ stroke: cssColor('--ink-faint'), font: '11px system-ui, sans-serif', ticks: { show: false } });

/** The axis below a chart over time. */
export function timeAxis(zone: Zone): uPlot.Axis {
  return {
    ...axisLook(),
    size: 24,
    gap: 4,
    space: 80,
    grid: { show: false },
    values: (_, splits, __, ___, increment) => splits.map((seconds) => formatTick(seconds * 1000, zone, increment * 1000)),
  };
}

/** The axis on the left, with lines across the chart. */
export function valueAxis(format: (value: number) => string, sizePx: number): uPlot.Axis {
  return {
    ...axisLook(),
    size: sizePx,
    gap: 6,
    space: 28,
    grid: { stroke: cssColor('--line'), width: 1 },
    values: (_, splits) => splits.map(format),
  };
}

/** What all charts over time have in common; charts with the same `sync` share their pointer. */
export function timeFrame(zone: Zone, sync?: string): Pick<ChartOptions, 'padding' | 'legend' | 'tzDate' | 'cursor'> {
  return {
    padding: [8, 18, 0, 0],
    legend: { show: false },
    tzDate: (seconds) => (zone === 'utc' ? uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC') : new Date(seconds * 1000)),
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false },
      // A drag belongs to the chart it was made on: the others would ask for the same stretch again.
      ...(sync && { sync: { key: sync, setSeries: false, filters: { pub: (type: string) => type === 'mousemove' || type === 'mouseleave' } } }),
    },
  };
}

/** Dragging across a chart asks for that stretch of time, in ms. */
export const zoomHook = (onZoom: (fromMs: number, toMs: number) => void) => (chart: uPlot) => {
  const { left, width } = chart.select;
  if (width < SELECTION_PX_MIN) return;
  onZoom(chart.posToVal(left, 'x') * 1000, chart.posToVal(left + width, 'x') * 1000);
  chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
};
