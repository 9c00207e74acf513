import { describe, expect, it } from 'vitest';

import type { Message } from '@/api-client/copilot-types';
import type { SseEvent } from '@/api-client/sse';

import { asking, ended, failed, heard, isRunning, stopped } from './live-answer';
import { answerText, liveAnswer } from './shown-answer';
import { turnsOf } from './turns';

const event = (name: string, data: unknown): SseEvent => ({ event: name, data: JSON.stringify(data) });
const message = (id: string, answers?: string): Message => ({ id, thread: 't', role: answers ? 'assistant' : 'user', answers, at: '', text: id });

describe('an answer that comes', () => {
  const start = asking({ text: 'why?' });

  it('grows event by event, in their order', () => {
    const events = [
      event('asked', { id: 'q1' }),
      event('understood', { intent: 'why', text: 'why shop is slow', entities: ['shop'] }),
      event('step', { tool: 'search_logs', ok: true }),
      event('fact', { id: 'E1', text: 'one' }),
      event('statement', { text: 'First.', cites: ['E1'] }),
      event('statement', { text: 'Second.', cites: [] }),
      event('chart', { title: 'cpu' }),
      event('notice', { text: 'the model was away' }),
      event('from-a-newer-server', { text: 'unknown' }),
    ];
    const answer = events.reduce(heard, start);
    expect(answer).toMatchObject({ phase: 'answering', asked: 'q1', text: 'why?', notices: ['the model was away'] });
    expect(answer.statements.map(({ text }) => text)).toEqual(['First.', 'Second.']);
    expect([answer.steps.length, answer.facts.length, answer.charts.length]).toEqual([1, 1, 1]);
    expect(isRunning(answer)).toBe(true);
    const done = heard(answer, event('message', message('a1', 'q1')));
    expect(done).toMatchObject({ phase: 'done', message: { id: 'a1' } });
    expect(heard(done, event('statement', { text: 'too late', cites: [] }))).toBe(done);
  });

  it('that ends without a last word is broken, unless it was stopped', () => {
    expect(ended(start)).toMatchObject({ phase: 'failed', problem: { title: 'The answer broke off' } });
    expect(ended(stopped(start)).phase).toBe('stopped');
    const problem = { type: 'x', title: 'Too many questions', status: 429, detail: '' };
    expect(heard(start, event('error', problem))).toMatchObject({ phase: 'failed', problem });
    expect(failed(heard(start, event('message', message('a1', 'q1'))), problem).phase).toBe('done');
  });
});

describe('a conversation', () => {
  const items = [message('q1'), message('a1', 'q1'), message('q2'), message('a2', 'q2'), message('a3', 'q1')];

  it('puts answers to their questions, those of asking again among them', () => {
    const turns = turnsOf(items);
    expect(turns.map(({ question, answers }) => [question?.id, ...answers.map(({ id }) => id)])).toEqual([
      ['q1', 'a1', 'a3'],
      ['q2', 'a2'],
    ]);
  });

  it('shows what comes at its question, or at the end while the question is new', () => {
    const again = asking({ text: 'q1', asked: 'q1' });
    expect(turnsOf(items, again).map(({ live }) => live)).toEqual([again, undefined]);
    const fresh = asking({ text: 'new' });
    expect(turnsOf(items, fresh).at(-1)).toEqual({ answers: [], live: fresh });
  });

  it('shows an answer once, when it is kept', () => {
    const done = heard(asking({ text: 'q2', asked: 'q2' }), event('message', message('a2', 'q2')));
    expect(turnsOf(items, done).every(({ live }) => live === undefined)).toBe(true);
  });

  it('takes one more answer for the one that was stopped', () => {
    const again = stopped(asking({ text: 'q2', asked: 'q2', before: 1 }));
    expect(turnsOf(items, again)[1]?.live).toBe(again);
    expect(turnsOf([...items, message('a4', 'q2')], again)[1]?.live).toBeUndefined();
  });
});

describe('an answer that is shown', () => {
  const fact = { id: 'E1', text: 'disk at 97 %', at: '2026-01-31T10:00:00Z', evidence: { type: 'alert' as const, id: 'a', title: 'disk' } };

  it('is what has come, and the kept one as soon as there is one', () => {
    const live = heard(heard(asking({ text: 'why?' }), event('statement', { text: 'So far.', cites: [] })), event('fact', fact));
    expect(liveAnswer(live)).toMatchObject({ statements: [{ text: 'So far.' }], facts: [{ id: 'E1' }], isStopped: false });
    expect(liveAnswer(stopped(live)).isStopped).toBe(true);
    const answer = { statements: [{ text: 'All of it.', cites: [] }], stopped: false, took_ms: 5 };
    const done = heard(live, event('message', { ...message('a1', 'q1'), answer }));
    expect(liveAnswer(done)).toMatchObject({ statements: [{ text: 'All of it.' }], tookMs: 5 });
  });

  it('is copied with its facts', () => {
    const shown = liveAnswer(heard(heard(asking({ text: 'why?' }), event('statement', { text: 'The disk is full.', cites: ['E1'] })), event('fact', fact)));
    expect(answerText(shown)).toBe('The disk is full. [E1]\n\n[E1] disk at 97 % (2026-01-31T10:00:00Z)');
    expect(answerText({ ...shown, facts: [], statements: [{ text: 'Nothing was found.', cites: [] }] })).toBe('Nothing was found.');
  });
});
