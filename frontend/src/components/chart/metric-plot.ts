import type { Forecast, Points } from '@/api-client/types';
import { lineName } from '@/lib/labels';

import { joined, withGaps, type Column, type Plot, type PlotBand, type PlotLine } from './plot';

/** More lines than this cannot be told apart, nor drawn at once. */
export const LINES_MAX = 24;
const COLORS = 8;

export const WEEK_MS = 7 * 86_400_000;

interface Parts {
  points: Points;
  /** The points of a week before, at their own times. */
  lastWeek?: Points;
  forecast?: Forecast;
}

const edge = (key: string, color: string, values: Column): PlotLine => ({ key, color, values, width: 0, isSoft: true });

/** One series with what was expected of it, what it did a week ago, and where it is going. */
export function seriesPlot({ points, lastWeek, forecast }: Parts): Plot {
  const parts = [withGaps({ at: points.at, columns: [points.value, points.yhat_lower, points.yhat_upper] })];
  const lines: Omit<PlotLine, 'values'>[] = [
    { key: 'value', label: 'value', color: '--chart-1', width: 1.6 },
    edge('lower', '--chart-band', []),
    edge('upper', '--chart-band', []),
  ];
  const bands: PlotBand[] = points.yhat.length > 0 ? [{ label: 'expected', upper: 'upper', lower: 'lower', color: '--chart-band', opacity: 0.2 }] : [];
  if (lastWeek) {
    parts.push(withGaps({ at: lastWeek.at.map((time) => time + WEEK_MS), columns: [lastWeek.value] }));
    lines.push({ key: 'last-week', label: 'a week before', color: '--ink-faint', width: 1.2, dash: [4, 4] });
  }
  if (forecast) {
    const { at, yhat, lower_80, upper_80, lower_95, upper_95 } = forecast;
    parts.push({ at, columns: [yhat, lower_80, upper_80, lower_95, upper_95] });
    lines.push({ key: 'forecast', label: 'forecast', color: '--chart-forecast', width: 1.6, dash: [8, 3] });
    lines.push(...['lower-80', 'upper-80', 'lower-95', 'upper-95'].map((key) => edge(key, '--chart-forecast', [])));
    bands.push({ label: 'in 80 %', upper: 'upper-80', lower: 'lower-80', color: '--chart-forecast', opacity: 0.22 });
    bands.push({ label: 'in 95 %', upper: 'upper-95', lower: 'lower-95', color: '--chart-forecast', opacity: 0.12 });
  }
  const { at, columns } = joined(parts);
  return { at, bands, lines: lines.map((line, index) => ({ ...line, values: columns[index] ?? [] })) };
}

/** What a query comes to: a line for each series, the first ones if there are too many. */
export function answerPlot(items: Points[]): Plot {
  const shown = items.slice(0, LINES_MAX);
  const { at, columns } = joined(shown.map((item) => withGaps({ at: item.at, columns: [item.value] })));
  const lines = shown.map((item, index) => ({
    key: String(index),
    label: lineName(item.labels),
    color: `--chart-${(index % COLORS) + 1}`,
    width: 1.4,
    dash: index >= COLORS ? [6, 2 + 2 * Math.floor(index / COLORS)] : undefined,
    values: columns[index] ?? [],
  }));
  return { at, lines, bands: [] };
}
