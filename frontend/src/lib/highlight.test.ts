import { describe, expect, it } from 'vitest';

import { highlightParts, patternParts } from './highlight';

const show = (text: string, spans: [number, number][]) =>
  highlightParts(text, spans)
    .map((part) => (part.marked ? `[${part.text}]` : part.text))
    .join('');

describe('highlightParts', () => {
  it('cuts a text at its spans', () => {
    expect(show('connection refused by peer', [[11, 18]])).toBe('connection [refused] by peer');
    expect(show('all', [[0, 3]])).toBe('[all]');
    expect(show('none', [])).toBe('none');
  });

  it('joins spans that overlap and takes them in any order', () => {
    expect(show('abcdef', [[3, 5], [0, 2], [1, 4]])).toBe('[ab][cd][e]f');
  });

  it('counts code points', () => {
    expect(show('🔔 bell', [[2, 6]])).toBe('🔔 [bell]');
  });
});

it('patternParts finds the variables', () => {
  expect(patternParts('from <ip> port <num>: <*>').filter((part) => part.marked).map((part) => part.text)).toEqual(['<ip>', '<num>', '<*>']);
});
