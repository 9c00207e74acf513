import { describe, expect, it } from 'vitest';

import type { Histogram } from '@/api-client/types';

import { severityStack, stackedColumns } from './severity-stack';

const histogram: Histogram = {
  interval_ms: 60_000,
  from: '2026-01-01T00:00:00Z',
  to: '2026-01-01T00:04:00Z',
  total: 6,
  took_ms: 1,
  buckets: [
    { start: '2026-01-01T00:01:00Z', counts: { info: 2, error: 1 } },
    { start: '2026-01-01T00:03:00Z', counts: { info: 3 } },
  ],
};

describe('severityStack', () => {
  it('fills the buckets that were left out', () => {
    const stack = severityStack(histogram);
    expect(stack.starts).toHaveLength(4);
    expect(stack.severities).toEqual(['error', 'info']);
    expect(stack.counts.get('info')).toEqual([0, 2, 0, 3]);
    expect(stack.totals.get('error')).toBe(1);
  });

  it('sums from the bottom and paints the topmost first', () => {
    expect(stackedColumns(severityStack(histogram))).toEqual([
      [0, 3, 0, 3],
      [0, 1, 0, 0],
    ]);
  });

  it('keeps to buckets that start off the range', () => {
    const stack = severityStack({ ...histogram, from: '2026-01-01T00:00:30Z' });
    expect(stack.counts.get('info')).toEqual([0, 2, 0, 3]);
  });

  it('survives an answer without lines', () => {
    const stack = severityStack({ ...histogram, buckets: [], total: 0 });
    expect(stack.severities).toEqual([]);
    expect(stackedColumns(stack)).toEqual([]);
  });
});
