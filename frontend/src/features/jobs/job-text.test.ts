import { describe, expect, test } from 'vitest';

import { attemptsText, canCancel, canRetry, progressText, readParameters, resultText, share } from './job-text';

const progress = (done: number, total?: number, note = '') => ({ progress: { done, total, note } });

describe('progress', () => {
  test('is a share only where the whole is known', () => {
    expect(share(progress(5))).toBeUndefined();
    expect(share(progress(0, 0))).toBeUndefined();
    expect(share(progress(5, 20))).toBe(0.25);
    expect(share(progress(30, 20))).toBe(1);
  });

  test('is told in its own units', () => {
    expect(progressText(progress(1500, 3000, 'kinds of lines'))).toBe('1,500 of 3,000 kinds of lines');
    expect(progressText(progress(1024, 4096, 'bytes'))).toMatch(/ of /);
    expect(progressText(progress(0, undefined, 'deleting'))).toBe('deleting');
    expect(progressText(progress(0))).toBe('');
  });
});

describe('attempts', () => {
  const job = { attempts: 2, attempts_max: 5, due_at: '2027-01-15T08:01:00Z' };
  const now = Date.parse('2027-01-15T08:00:00Z');

  test('say when the next is', () => {
    expect(attemptsText({ ...job, status: 'queued' }, now)).toBe('attempt 2 of 5, next in 1 min');
    expect(attemptsText({ ...job, status: 'queued' }, now + 90_000)).toBe('attempt 2 of 5, next now');
    expect(attemptsText({ ...job, status: 'queued', attempts: 0 }, now)).toBe('');
  });

  test('are not spoken of where one was enough', () => {
    expect(attemptsText({ status: 'succeeded', attempts: 1, attempts_max: 5 }, now)).toBe('');
    expect(attemptsText({ status: 'dead', attempts: 5, attempts_max: 5 }, now)).toBe('attempt 5 of 5');
  });
});

test('what can be done depends on where a job is', () => {
  expect(canCancel({ status: 'running', is_cancel_asked: false })).toBe(true);
  expect(canCancel({ status: 'running', is_cancel_asked: true })).toBe(false);
  expect(canCancel({ status: 'dead', is_cancel_asked: false })).toBe(false);
  expect((['queued', 'running', 'succeeded', 'failed', 'dead', 'cancelled'] as const).filter((status) => canRetry({ status, attempts: 0 }))).toEqual(['failed', 'dead', 'cancelled']);
  expect(canRetry({ status: 'queued', attempts: 1 })).toBe(true);
});

test('results are told in a line', () => {
  expect(resultText({ result: null })).toBe('');
  expect(resultText({ result: { deleted: 1 } })).toBe('1 line deleted');
  expect(resultText({ result: { accepted: 2, rejected: 3, bytes: 9 } })).toBe('2 lines read in, 3 refused');
  expect(resultText({ result: { removed: { alerts: 0 } } })).toBe('nothing was too old');
  expect(resultText({ result: { removed: { alerts: 2, runs: 0 } } })).toBe('2 alerts removed');
  expect(resultText({ result: { title: 'The day' } })).toBe('The day');
  expect(resultText({ result: { x: 1 } })).toBe('');
});

test('parameters are an object', () => {
  expect(readParameters(' ')).toEqual({ parameters: {} });
  expect(readParameters('{"a":1}')).toEqual({ parameters: { a: 1 } });
  expect(readParameters('[1]').wrong).toMatch(/object/);
  expect(readParameters('{').wrong).toMatch(/no JSON/);
});
