import { expect, it } from 'vitest';

import { attachedPlace, attachedWords } from './attached-line';

const evidence = { type: 'attachment' as const, name: 'describe.txt', line: 3 };

it('says a line of an attachment apart from its place', () => {
  expect(attachedPlace(evidence)).toBe('describe.txt, line 3');
  expect(attachedWords('describe.txt, line 3: Reason: OOMKilled', evidence)).toEqual({ line: 'Reason: OOMKilled' });
  expect(attachedWords('describe.txt, line 3 (counted: 4, 2): GET /: 500', evidence)).toEqual({ line: 'GET /: 500', counted: '4, 2' });
  expect(attachedWords('describe.txt, line 3: ', evidence).line).toBe('');
});

it('leaves words that do not begin with the place', () => {
  expect(attachedWords('describe.txt, line 31: Ready: False', evidence)).toEqual({ line: 'describe.txt, line 31: Ready: False' });
  expect(attachedWords('Reason: OOMKilled', evidence)).toEqual({ line: 'Reason: OOMKilled' });
});
