import { describe, expect, it } from 'vitest';

import type { Forecast, Points } from '@/api-client/types';

import { answerPlot, LINES_MAX, seriesPlot, WEEK_MS } from './metric-plot';

const points = (at: number[], value: (number | null)[], band = true): Points => ({
  labels: { __name__: 'cpu', host: 'a' },
  is_rate: false,
  at,
  value,
  yhat: band ? value : [],
  yhat_lower: band ? value.map((one) => (one === null ? null : one - 1)) : [],
  yhat_upper: band ? value.map((one) => (one === null ? null : one + 1)) : [],
});

const columnOf = (plot: ReturnType<typeof seriesPlot>, key: string) => plot.lines.find((line) => line.key === key)?.values;

describe('seriesPlot', () => {
  it('draws the value, with gaps where there is none, and the expected band', () => {
    const plot = seriesPlot({ points: points([0, 10, 20], [1, null, 3]) });
    expect(columnOf(plot, 'value')).toEqual([1, null, 3]);
    expect(columnOf(plot, 'upper')).toEqual([2, null, 4]);
    expect(plot.bands.map(({ label }) => label)).toEqual(['expected']);
  });

  it('moves the week before to the time of this one', () => {
    const now = WEEK_MS * 3;
    const plot = seriesPlot({ points: points([now, now + 10], [1, 2]), lastWeek: points([now - WEEK_MS, now + 10 - WEEK_MS], [7, 8]) });
    expect(plot.at).toEqual([now, now + 10]);
    expect(columnOf(plot, 'last-week')).toEqual([7, 8]);
  });

  it('adds the forecast after the values, with both intervals', () => {
    const forecast = { at: [30, 40], yhat: [4, 5], lower_80: [3, 4], upper_80: [5, 6], lower_95: [2, 3], upper_95: [6, 7] } as Forecast;
    const plot = seriesPlot({ points: points([0, 10], [1, 2]), forecast });
    expect(plot.at).toEqual([0, 10, 30, 40]);
    expect(columnOf(plot, 'forecast')).toEqual([undefined, undefined, 4, 5]);
    expect(plot.bands).toHaveLength(3);
  });

  it('has no band where none is known', () => {
    expect(seriesPlot({ points: points([0], [1], false) }).bands).toEqual([]);
  });
});

describe('answerPlot', () => {
  it('draws a line for each series, named by its labels, and not too many', () => {
    const items = Array.from({ length: LINES_MAX + 5 }, () => points([0, 10], [1, 2], false));
    const plot = answerPlot(items);
    expect(plot.lines).toHaveLength(LINES_MAX);
    expect(plot.lines[0]?.label).toBe('host=a');
    expect(plot.lines[8]?.dash).toBeDefined();
  });

  it('survives an empty answer', () => {
    expect(answerPlot([])).toEqual({ at: [], lines: [], bands: [] });
  });
});
