import { expect, it } from 'vitest';

import { fieldErrors } from './problems';

it('finds what is wrong with a field, however deep the server saw it', () => {
  const errors = fieldErrors({ detail: 'a rule cannot be read', errors: [{ field: 'rule.when', detail: 'no such fact' }, { field: 'labels.9x', detail: 'no name' }] });
  expect(errors.of('when')).toBe('no such fact');
  expect(errors.of('labels')).toBe('no name');
  expect(errors.of('query')).toBeUndefined();
  expect(errors.rest(['when', 'labels'])).toBeUndefined();
});

it('says elsewhere what belongs to no field', () => {
  const errors = fieldErrors({ detail: 'the server is busy' });
  expect(errors.rest(['when'])).toBe('the server is busy');
  expect(fieldErrors(undefined).rest([])).toBeUndefined();
});
