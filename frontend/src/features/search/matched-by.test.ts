import { expect, it } from 'vitest';

import type { SearchResult } from '@/api-client/types';

import { matchedBy } from './matched-by';

const head = (prototypes?: string[]) =>
  ({ prototypes: prototypes?.map((template) => ({ template, pattern: '', score: 1, count: 1 })) }) as SearchResult;

it('turns a question into the patterns that were found for it', () => {
  expect(matchedBy({ mode: 'text', q: 'a' }, undefined)).toEqual({ mode: 'text', q: 'a' });
  expect(matchedBy({ mode: 'semantic', q: 'a' }, undefined)).toBeUndefined();
  expect(matchedBy({ mode: 'semantic', q: 'a' }, head([]))).toBeUndefined();
  expect(matchedBy({ mode: 'hybrid', q: 'a' }, head(['x', 'y']))).toEqual({ mode: 'hybrid', q: undefined, template: ['x', 'y'] });
});

it('goes by the words where there is no model', () => {
  expect(matchedBy({ mode: 'hybrid', q: 'a' }, head())).toEqual({ mode: 'hybrid', q: 'a' });
});
