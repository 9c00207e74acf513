import type { Histogram } from '@/api-client/types';
import { SEVERITIES, type Severity } from '@/lib/severity';
import { parseTime } from '@/lib/time-range';

/** More bars than this are never drawn, whatever the server answers. */
const BARS_MAX = 2000;

export interface SeverityStack {
  /** Start of each bucket in ms, those without lines included. */
  starts: number[];
  interval: number;
  /** The severities that occur, worst first: the order of the stack from the bottom. */
  severities: Severity[];
  counts: Map<Severity, number[]>;
  totals: Map<Severity, number>;
}

/** Fills the buckets that the server left out and turns the rows into one column per severity. */
export function severityStack(histogram: Histogram): SeverityStack {
  const interval = Math.max(1, histogram.interval_ms);
  const rows = new Map(histogram.buckets.map((bucket) => [parseTime(bucket.start), bucket.counts]));
  const filled = histogram.buckets.map((bucket) => parseTime(bucket.start));
  const first = Math.min(...filled);
  const from = first - Math.max(0, Math.ceil((first - parseTime(histogram.from ?? '')) / interval) || 0) * interval;
  const end = Math.max(parseTime(histogram.to ?? '') || from, from + interval, ...filled.map((start) => start + 1));
  const count = filled.length === 0 ? 0 : Math.min(BARS_MAX, Math.ceil((end - from) / interval));
  const starts = Array.from({ length: count }, (_, index) => from + index * interval);

  const counts = new Map<Severity, number[]>();
  const totals = new Map<Severity, number>();
  for (const severity of SEVERITIES) {
    const column = starts.map((start) => rows.get(start)?.[severity] ?? 0);
    const total = column.reduce((sum, value) => sum + value, 0);
    if (total === 0) continue;
    counts.set(severity, column);
    totals.set(severity, total);
  }
  return { starts, interval, severities: [...counts.keys()], counts, totals };
}

/** The columns summed from the bottom, topmost first, as the bars are painted over each other. */
export function stackedColumns(stack: SeverityStack): number[][] {
  const sums = stack.starts.map(() => 0);
  const columns = stack.severities.map((severity) => {
    const column = stack.counts.get(severity) ?? [];
    return column.map((value, index) => (sums[index] = (sums[index] ?? 0) + value));
  });
  return columns.reverse();
}
