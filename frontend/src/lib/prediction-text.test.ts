import { describe, expect, it } from 'vitest';

import { predictionText, timeToFull } from './prediction-text';

const now = Date.parse('2026-01-01T00:00:00Z');
const said = {
  rule: 'filesystem_full',
  labels: { __name__: 'filesystem_full', host: 'web-1', mountpoint: '/var' },
  probability: 0.93,
  crosses_from: '2026-01-02T20:00:00Z',
  crosses_at: '2026-01-03T04:00:00Z',
  crosses_to: '2026-01-03T12:00:00Z',
};

describe('predictionText', () => {
  it('says what, when, between when, and how likely', () => {
    expect(predictionText(said, now)).toBe('/var is full in 2 d 4 h, between 1 d 20 h and 2 d 12 h, 93 %');
  });

  it('says what is known when the end lies out of sight', () => {
    expect(predictionText({ ...said, crosses_to: null }, now)).toBe('/var is full in 2 d 4 h, not before 1 d 20 h, 93 %');
    expect(predictionText({ ...said, crosses_from: null, crosses_at: null, crosses_to: null }, now)).toBe('/var is full, 93 %');
  });

  it('names what has no name of its own by its rule', () => {
    const memory = { ...said, rule: 'memory_full', labels: { host: 'web-1', instance: 'web-1' } };
    expect(predictionText(memory, now)).toMatch(/^memory is full in/);
    expect(predictionText({ ...said, rule: 'inodes_full' }, now)).toMatch(/^inodes of \/var is full/);
  });

  it('does not count down to the past', () => {
    expect(timeToFull({ ...said, crosses_at: '2025-12-31T00:00:00Z' }, now)).toBe('now');
  });
});
