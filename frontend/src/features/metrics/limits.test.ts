import { describe, expect, it } from 'vitest';

import type { Prediction } from '@/api-client/types';

import { limitMark, measureOfLimit, predictionsFor } from './limits';

const prediction = {
  rule: 'filesystem_full',
  labels: { __name__: 'filesystem_full', host: 'a', mountpoint: '/var', device: 'sda1' },
  threshold: 1,
  current: 0.94,
  crosses_from: '2026-01-02T00:00:00Z',
  crosses_at: '2026-01-03T00:00:00Z',
  crosses_to: null,
} as unknown as Prediction;

const series = { __name__: 'host_filesystem_used_ratio', host: 'a', mountpoint: '/var' };

describe('predictionsFor', () => {
  it('finds the prediction of the same thing with the same value', () => {
    expect(predictionsFor(series, 0.941, [prediction])).toEqual([prediction]);
  });

  it('leaves out other things, other values and other metrics of the same host', () => {
    expect(predictionsFor({ ...series, mountpoint: '/' }, 0.94, [prediction])).toEqual([]);
    expect(predictionsFor(series, 0.4, [prediction])).toEqual([]);
    expect(predictionsFor({ __name__: 'host_cpu_used_ratio', host: 'a' }, 0.94, [prediction])).toEqual([]);
    expect(predictionsFor(series, undefined, [prediction])).toEqual([]);
  });
});

describe('limitMark', () => {
  it('marks the crossing where one is in sight', () => {
    expect(limitMark(prediction)).toMatchObject({ value: 1, label: 'limit 100 %', crossing: { toMs: undefined } });
    expect(limitMark({ ...prediction, crosses_from: null }).crossing).toBeUndefined();
    expect(measureOfLimit({ threshold: 100 }).unit).toBe('percent');
  });
});
