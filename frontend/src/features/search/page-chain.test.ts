import { describe, expect, it } from 'vitest';

import { extendChain, FIRST_PAGE, isComplete, knownRows, pageOfRow } from './page-chain';

const chain = extendChain(extendChain(FIRST_PAGE, 200, 'b'), 150, 'c');

describe('a chain of pages', () => {
  it('begins with one page of unknown length', () => {
    expect(knownRows(FIRST_PAGE)).toBe(0);
    expect(isComplete(FIRST_PAGE)).toBe(false);
    expect(pageOfRow(FIRST_PAGE, 500)).toBe(0);
  });

  it('grows by pages of any length', () => {
    expect(chain).toEqual({ cursors: [null, 'b', 'c'], starts: [0, 200, 350] });
    expect([0, 199, 200, 349, 350, 9999].map((row) => pageOfRow(chain, row))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(knownRows(chain)).toBe(350);
  });

  it('ends where there is no further cursor', () => {
    const whole = extendChain(chain, 7, null);
    expect(isComplete(whole)).toBe(true);
    expect(knownRows(whole)).toBe(357);
    expect(pageOfRow(whole, 356)).toBe(2);
  });
});
