import { expect, it } from 'vitest';

import { costText, redactionsText } from './ledger-text';

it('names what was cut out, the most first', () => {
  expect(redactionsText({ EMAIL: 1, IP: 4, TOKEN: 1, HOST: 0 })).toBe('4 IP, 1 EMAIL, 1 TOKEN');
  expect(redactionsText({})).toBe('nothing');
});

it('says what little money is', () => {
  expect([0, 0.00041, 0.0096, 0.5, 12].map(costText)).toEqual(['$0', '$0.00041', '$0.0096', '$0.50', '$12.00']);
});
