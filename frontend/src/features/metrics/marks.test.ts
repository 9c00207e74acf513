import { describe, expect, it } from 'vitest';

import type { Anomaly, Points } from '@/api-client/types';

import { drawnRange, latestOf, rangeAround, zonesOf } from './marks';

const HOUR = 3_600_000;
const anomaly = (started_at: string, ended_at: string | null, feedback?: 'not_anomaly') => ({ started_at, ended_at, feedback }) as Anomaly;

describe('zonesOf', () => {
  it('draws what lasts to the end, and leaves out what was no anomaly', () => {
    const zones = zonesOf([anomaly('1970-01-01T00:00:01Z', null), anomaly('1970-01-01T00:00:01Z', '1970-01-01T00:00:02Z'), anomaly('1970-01-01T00:00:01Z', null, 'not_anomaly')], 9000);
    expect(zones).toEqual([
      { fromMs: 1000, toMs: 9000 },
      { fromMs: 1000, toMs: 2000 },
    ]);
  });
});

describe('drawnRange', () => {
  const range = { fromMs: 0, toMs: HOUR, isOpen: true, asOf: 0 };
  it('shows the future where the range ends now', () => {
    expect(drawnRange(range, '6h')).toEqual({ fromMs: 0, toMs: 7 * HOUR });
    expect(drawnRange(range, undefined)).toEqual({ fromMs: 0, toMs: HOUR });
    expect(drawnRange({ ...range, isOpen: false }, '6h')).toEqual({ fromMs: 0, toMs: HOUR });
  });
});

describe('latestOf', () => {
  it('passes over what is missing at the end', () => {
    expect(latestOf({ value: [1, 2, null] } as unknown as Points)).toBe(2);
    expect(latestOf({ value: [null] } as unknown as Points)).toBeUndefined();
  });
});

describe('rangeAround', () => {
  it('leaves room on both sides, and the end open while it lasts', () => {
    expect(rangeAround(anomaly('2026-01-01T10:00:00Z', '2026-01-01T10:10:00Z'))).toEqual({ from: '2026-01-01T08:00:00.000Z', to: '2026-01-01T12:10:00.000Z' });
    expect(rangeAround(anomaly('2026-01-01T10:00:00Z', null)).to).toBeUndefined();
  });
});
