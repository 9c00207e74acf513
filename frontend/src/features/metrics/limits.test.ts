import { describe, expect, it } from 'vitest';

import type { Prediction } from '@/api-client/types';

import { limitMark, measureOfLimit, predictionsFor } from './limits';

const prediction = {
  rule: 'disk_full',
  query: 'disk_used_percent{fstype!="tmpfs"}',
  labels: { __name__: 'disk_full', host: 'a', path: '/var', device: 'sda1' },
  threshold: 1,
  current: 0.94,
  crosses_from: '2026-01-02T00:00:00Z',
  crosses_at: '2026-01-03T00:00:00Z',
  crosses_to: null,
} as unknown as Prediction;

const series = { __name__: 'disk_used_percent', host: 'a', path: '/var' };

describe('predictionsFor', () => {
  it('finds the prediction whose rule asks for the series itself', () => {
    expect(predictionsFor(series, [prediction])).toEqual([prediction]);
  });

  it('leaves out other things, other metrics and what is computed of several', () => {
    expect(predictionsFor({ ...series, path: '/' }, [prediction])).toEqual([]);
    expect(predictionsFor({ ...series, __name__: 'disk_used' }, [prediction])).toEqual([]);
    expect(predictionsFor(series, [{ ...prediction, query: '1 - disk_used_percent / 100' }])).toEqual([]);
  });
});

describe('limitMark', () => {
  it('marks the crossing where one is in sight', () => {
    expect(limitMark(prediction)).toMatchObject({ value: 1, label: 'limit 100 %', crossing: { toMs: undefined } });
    expect(limitMark({ ...prediction, crosses_from: null }).crossing).toBeUndefined();
    expect(measureOfLimit({ threshold: 100 }).unit).toBe('percent');
  });
});
