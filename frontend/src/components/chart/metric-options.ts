import type uPlot from 'uplot';

import type { Zone } from '@/lib/format';
import { formatValue, type Measure } from '@/lib/units';

import { cssColor } from './css-color';
import { timeAxis, timeFrame, valueAxis, zoomHook } from './frame';
import { limitsPlugin, pickPlugin, zonesPlugin, type LimitMark, type ZoneMark } from './mark-plugins';
import { valueRange, type Plot } from './plot';
import { METRIC_SYNC, VALUE_AXIS_PX } from './shared-frame';
import type { ChartOptions } from './uplot-chart';

export interface MetricWishes {
  plot: Plot;
  measure: Measure;
  fromMs: number;
  toMs: number;
  zone: Zone;
  zones?: ZoneMark[];
  limits?: LimitMark[];
  pickedMs?: number;
  onZoom: (fromMs: number, toMs: number) => void;
  onPick?: (atMs: number) => void;
  onHover: (index: number | undefined) => void;
}

/** Describes lines of values over time with all that is marked on them. */
export function metricOptions({ plot, measure, fromMs, toMs, zone, zones = [], limits = [], pickedMs, onZoom, onPick, onHover }: MetricWishes): ChartOptions {
  const place = new Map(plot.lines.map(({ key }, index) => [key, index + 1]));
  const range = valueRange(plot.lines, limits.map(({ value }) => value));
  const pick = (chart: uPlot) => {
    if (!onPick) return;
    chart.over.addEventListener('click', (event) => onPick(Math.round(chart.posToVal(event.offsetX, 'x') * 1000)));
  };
  return {
    ...timeFrame(zone, METRIC_SYNC),
    scales: { x: { time: true, range: () => [fromMs / 1000, toMs / 1000] }, y: { range: () => range } },
    axes: [timeAxis(zone), valueAxis((value) => formatValue(value, measure), VALUE_AXIS_PX)],
    series: [
      {},
      ...plot.lines.map(({ key, color, width, dash }) => ({
        label: key,
        stroke: width > 0 ? cssColor(color) : undefined,
        width,
        dash,
        points: { show: false },
      })),
    ],
    bands: plot.bands.map(({ upper, lower, color, opacity }) => ({ series: [place.get(upper) ?? 0, place.get(lower) ?? 0] as [number, number], fill: cssColor(color, opacity) })),
    plugins: [zonesPlugin(zones), limitsPlugin(limits), ...(pickedMs === undefined ? [] : [pickPlugin(pickedMs)])],
    hooks: {
      ready: [pick],
      setCursor: [(chart) => onHover(chart.cursor.idx ?? undefined)],
      setSelect: [zoomHook(onZoom)],
    },
  };
}
