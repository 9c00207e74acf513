import { describe, expect, it } from 'vitest';

import { joined, usualStep, valueNear, valueRange, withGaps, type PlotLine } from './plot';

const line = (values: PlotLine['values'], isSoft = false): PlotLine => ({ key: 'x', color: '--x', values, width: 1, isSoft });

describe('withGaps', () => {
  it('breaks the line where nothing came for long', () => {
    const { at, columns } = withGaps({ at: [0, 10, 20, 30, 200, 210], columns: [[1, 2, 3, 4, 5, 6]] });
    expect(at).toEqual([0, 10, 20, 30, 115, 200, 210]);
    expect(columns).toEqual([[1, 2, 3, 4, null, 5, 6]]);
  });

  it('leaves even points, nulls and single points alone', () => {
    const even = { at: [0, 10, 20], columns: [[1, null, 3]] };
    expect(withGaps(even)).toEqual(even);
    expect(withGaps({ at: [5], columns: [[1]] })).toEqual({ at: [5], columns: [[1]] });
    expect(usualStep([])).toBe(0);
  });
});

describe('joined', () => {
  it('puts columns over the union of their times', () => {
    const { at, columns } = joined([
      { at: [0, 20], columns: [[1, null]] },
      { at: [10, 20], columns: [[5, 6]] },
    ]);
    expect(at).toEqual([0, 10, 20]);
    expect(columns).toEqual([
      [1, undefined, null],
      [undefined, 5, 6],
    ]);
  });
});

describe('valueRange', () => {
  it('keeps what counts nothing below zero', () => {
    expect(valueRange([line([0, 10])])).toEqual([0, 10.6]);
  });

  it('does not let a wide band make the values small', () => {
    const [low, high] = valueRange([line([100, 200]), line([-900, 5000], true)]);
    expect(low).toBeGreaterThanOrEqual(0);
    expect(high).toBeLessThan(280);
  });

  it('has room around a flat line, and a scale for nothing', () => {
    const [low, high] = valueRange([line([41, 41])]);
    expect(low).toBeLessThan(41);
    expect(high).toBeGreaterThan(41);
    expect(valueRange([line([null])])).toEqual([0, 1]);
  });

  it('shows a limit that lies above', () => {
    expect(valueRange([line([60, 90])], [100])[1]).toBeGreaterThan(100);
  });
});

describe('valueNear', () => {
  it('passes over the times of other lines, but not over gaps', () => {
    expect(valueNear([1, undefined, undefined], 2)).toBe(1);
    expect(valueNear([1, null, undefined], 2)).toBe(null);
    expect(valueNear([undefined], 0)).toBe(null);
  });
});
