import { expect, it } from 'vitest';

import { outcomeOf } from './bulk-text';

it('says for how many it was done, and why not for the others', () => {
  const answer = { done: 1, items: [{ id: 'a', result: 'done' as const }, { id: 'b', result: 'refused' as const, detail: 'it is resolved' }] };
  expect(outcomeOf({ ids: ['a', 'b'], action: 'acknowledge' }, answer)).toEqual({ text: '1 alert acknowledged; 1 refused', refused: [{ id: 'b', why: 'it is resolved' }] });
});

it('names what was wished', () => {
  const answer = { done: 2, items: [{ id: 'a', result: 'done' as const }, { id: 'b', result: 'done' as const }] };
  const text = (wish: Omit<Parameters<typeof outcomeOf>[0], 'ids'>) => outcomeOf({ ids: ['a', 'b'], ...wish }, answer).text;
  expect(text({ action: 'assign', assignee: 'ann' })).toBe('2 alerts assigned to ann');
  expect(text({ action: 'assign', assignee: null })).toBe('2 alerts assigned to nobody');
  expect(text({ action: 'escalate', severity: 'critical' })).toBe('2 alerts set to critical');
  expect(text({ action: 'snooze', until: null })).toBe('2 alerts no longer snoozed');
  expect(text({ action: 'snooze', until: 'now+1h' })).toBe('2 alerts snoozed');
});
