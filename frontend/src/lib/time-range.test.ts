import { describe, expect, it } from 'vitest';

import { parseMoment, rangeLabel, rangeProblem, resolveRange } from './time-range';

const NOW = Date.parse('2026-03-04T05:06:07Z');
const iso = (text: string) => {
  const moment = parseMoment(text, NOW);
  return moment === undefined ? undefined : new Date(moment).toISOString();
};

describe('parseMoment', () => {
  it.each([
    ['now', '2026-03-04T05:06:07.000Z'],
    ['now-15m', '2026-03-04T04:51:07.000Z'],
    ['now - 7d', '2026-02-25T05:06:07.000Z'],
    ['now+1h', '2026-03-04T06:06:07.000Z'],
    ['2026-01-31T14:00:00Z', '2026-01-31T14:00:00.000Z'],
    ['2026-01-31 14:00:00Z', '2026-01-31T14:00:00.000Z'],
    ['2026-01-31T14:00:00.123456789Z', '2026-01-31T14:00:00.123Z'],
    ['1767225600', '2026-01-01T00:00:00.000Z'],
    ['1767225600000', '2026-01-01T00:00:00.000Z'],
    ['1767225600000000', '2026-01-01T00:00:00.000Z'],
    ['1767225600000000000', '2026-01-01T00:00:00.000Z'],
  ])('reads %s', (text, expected) => {
    expect(iso(text)).toBe(expected);
  });

  it.each(['', 'yesterday', 'now-1', 'now-1y', '12'])('refuses %j', (text) => {
    expect(iso(text)).toBeUndefined();
  });
});

describe('a range', () => {
  it('is resolved against its anchor', () => {
    expect(resolveRange({ from: 'now-1h' }, NOW)).toEqual({ from: '2026-03-04T04:06:07.000Z', to: undefined });
  });

  it('says what is wrong with it', () => {
    expect(rangeProblem({ from: 'soon' }, NOW)).toMatch('start is no time');
    expect(rangeProblem({ from: 'now', to: 'now-1h' }, NOW)).toMatch('before the end');
    expect(rangeProblem({ from: 'now-1h', to: 'now' }, NOW)).toBeUndefined();
  });

  it('has a short name', () => {
    const show = (ms: number) => new Date(ms).toISOString().slice(0, 10);
    expect(rangeLabel({}, show)).toBe('All time');
    expect(rangeLabel({ from: 'now-15m' }, show)).toBe('Last 15 minutes');
    expect(rangeLabel({ from: 'now-3h' }, show)).toBe('since now-3h');
    expect(rangeLabel({ from: '2026-01-01T00:00:00Z', to: 'now' }, show)).toBe('2026-01-01 → now');
  });
});
