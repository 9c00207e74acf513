import { describe, expect, it } from 'vitest';

import { formatTick, formatAgo, formatBytes, formatCompact, formatRate, formatShare, formatSpan, formatTime, formatTook, plural } from './format';

describe('formatters', () => {
  it('write bytes with three digits', () => {
    expect([0, 999, 1000, 1536, 999_600, 12_345_678].map(formatBytes)).toEqual(['0 B', '999 B', '1.00 kB', '1.54 kB', '1.00 MB', '12.3 MB']);
  });

  it('write counts short but small ones in full', () => {
    expect([0, 9999, 10_000, 1_234_567].map(formatCompact)).toEqual(['0', '9,999', '10K', '1.23M']);
    expect(plural(1, 'line')).toBe('1 line');
    expect(plural(2000, 'line')).toBe('2,000 lines');
  });

  it('write rates, shares and times taken', () => {
    expect([0, 0.01, 2.34, 15.6, 123_456].map(formatRate)).toEqual(['0/s', '<0.1/s', '2.3/s', '16/s', '123K/s']);
    expect([0.4, 3.21, 45.6, 1234].map(formatTook)).toEqual(['<1 ms', '3.2 ms', '46 ms', '1.23 s']);
    expect([formatShare(1, 3), formatShare(1, 30), formatShare(1, 100_000), formatShare(0, 0)]).toEqual(['33 %', '3.3 %', '<0.1 %', '0 %']);
  });

  it('write spans in two units', () => {
    expect([5, 60, 75, 3600, 3700, 90_000, 70_000_000].map(formatSpan)).toEqual(['5 s', '1 min', '1 min 15 s', '1 h', '1 h 1 min', '1 d 1 h', '2 y 80 d']);
    expect(formatAgo('2026-01-01T00:00:00.123456789Z', Date.parse('2026-01-01T01:30:00Z'))).toBe('1 h ago');
  });

  it('take a moment just after the last look at the clock for now', () => {
    const look = Date.parse('2026-01-01T00:00:00Z');
    expect(formatAgo('2026-01-01T00:00:30Z', look)).toBe('just now');
    expect(formatAgo('2026-01-01T00:02:00Z', look)).toBe('in the future');
  });

  it('write the ticks of an axis', () => {
    const noon = Date.parse('2026-01-31T12:00:00Z');
    expect([1000, 60_000, 86_400_000, 2_592_000_000].map((step) => formatTick(noon, 'utc', step))).toEqual(['12:00:00', '12:00', '01-31', '2026-01']);
    expect(formatTick(Date.parse('2026-01-31T00:00:00Z'), 'utc', 3_600_000)).toBe('01-31');
  });

  it('write times in UTC', () => {
    expect(formatTime('2026-01-31T14:05:09.123456789Z', 'utc')).toBe('2026-01-31 14:05:09.123');
    expect(formatTime('not a time', 'utc')).toBe('not a time');
  });
});
