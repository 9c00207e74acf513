import { expect, it } from 'vitest';

import { matching, type Action } from './matching';

const action = (title: string, always = false): Action => ({ id: title, title, group: 'Go', icon: 'search', always, perform: () => undefined });
const ACTIONS = [action('Search'), action('Live tail'), action('Dark theme'), action('Find this', true)];
const titles = (text: string) => matching(ACTIONS, text).map(({ title }) => title);

it('finds actions by the beginnings and the insides of their words', () => {
  expect(titles('')).toHaveLength(4);
  expect(titles('the')).toEqual(['Dark theme', 'Find this']);
  expect(titles('tail li')).toEqual(['Live tail', 'Find this']);
  expect(titles('this')).toEqual(['Find this']);
  expect(titles('i')).toEqual(['Live tail', 'Find this']);
  expect(titles('xyz')).toEqual(['Find this']);
});
