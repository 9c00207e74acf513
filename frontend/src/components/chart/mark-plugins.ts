import type uPlot from 'uplot';

import { cssColor } from './css-color';

/** A stretch of time that was unusual, in ms. */
export interface ZoneMark {
  fromMs: number;
  toMs: number;
}

/** A value that must not be crossed, and when it will be. */
export interface LimitMark {
  value: number;
  label: string;
  crossing?: { fromMs: number; atMs: number; toMs?: number };
}

const ZONE_PX_MIN = 3;

function clipped(chart: uPlot, draw: (context: CanvasRenderingContext2D, box: uPlot.BBox) => void) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  draw(ctx, bbox);
  ctx.restore();
}

/** Red zones behind the lines. */
export function zonesPlugin(zones: ZoneMark[]): uPlot.Plugin {
  const fill = cssColor('--danger', 0.14);
  const top = cssColor('--danger');
  const draw = (chart: uPlot) =>
    clipped(chart, (context, box) => {
      const bar = 3 * devicePixelRatio;
      for (const { fromMs, toMs } of zones) {
        const left = chart.valToPos(fromMs / 1000, 'x', true);
        const width = Math.max(ZONE_PX_MIN * devicePixelRatio, chart.valToPos(toMs / 1000, 'x', true) - left);
        context.fillStyle = fill;
        context.fillRect(left, box.top, width, box.height);
        context.fillStyle = top;
        context.fillRect(left, box.top, width, bar);
      }
    });
  return { hooks: { drawClear: [draw] } };
}

/** Limits as dashed lines across, each with the time of crossing marked on it. */
export function limitsPlugin(limits: LimitMark[]): uPlot.Plugin {
  const color = cssColor('--chart-limit');
  const draw = (chart: uPlot) =>
    clipped(chart, (context, box) => {
      const scale = devicePixelRatio;
      context.strokeStyle = context.fillStyle = color;
      context.textAlign = 'left';
      context.textBaseline = 'alphabetic';
      context.font = `${11 * scale}px system-ui, sans-serif`;
      for (const { value, label, crossing } of limits) {
        const y = chart.valToPos(value, 'y', true);
        context.lineWidth = 1.2 * scale;
        context.setLineDash([6 * scale, 4 * scale]);
        context.beginPath();
        context.moveTo(box.left, y);
        context.lineTo(box.left + box.width, y);
        context.stroke();
        context.setLineDash([]);
        context.fillText(label, box.left + 6 * scale, y + 13 * scale);
        if (crossing) drawCrossing(chart, context, y, crossing);
      }
    });
  return { hooks: { draw: [draw] } };
}

/** The interval of the crossing as a thick stroke, its middle as a diamond. */
function drawCrossing(chart: uPlot, context: CanvasRenderingContext2D, y: number, { fromMs, atMs, toMs }: NonNullable<LimitMark['crossing']>) {
  const scale = devicePixelRatio;
  const x = (ms: number) => chart.valToPos(ms / 1000, 'x', true);
  const end = toMs === undefined ? chart.bbox.left + chart.bbox.width : x(toMs);
  context.lineWidth = 4 * scale;
  context.beginPath();
  context.moveTo(x(fromMs), y);
  context.lineTo(end, y);
  context.stroke();
  const size = 6 * scale;
  const middle = x(atMs);
  context.beginPath();
  context.moveTo(middle, y - size);
  context.lineTo(middle + size, y);
  context.lineTo(middle, y + size);
  context.lineTo(middle - size, y);
  context.closePath();
  context.fill();
}

/** The moment that somebody chose. */
export function pickPlugin(atMs: number): uPlot.Plugin {
  const color = cssColor('--accent');
  const draw = (chart: uPlot) =>
    clipped(chart, (context, box) => {
      const x = chart.valToPos(atMs / 1000, 'x', true);
      context.fillStyle = color;
      context.fillRect(x - devicePixelRatio, box.top, 2 * devicePixelRatio, box.height);
    });
  return { hooks: { draw: [draw] } };
}
