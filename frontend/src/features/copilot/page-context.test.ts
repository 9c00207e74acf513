import { describe, expect, it } from 'vitest';

import { contextWords, firstQuestions, pageContext } from './page-context';

const now = Date.parse('2026-01-31T12:00:00Z');

describe('what a page is about', () => {
  it('is what is open on it, and the time that it shows', () => {
    expect(pageContext('/alerts', { alert: 'a1', status: 'all', from: 'now-1h' }, now)).toEqual({ alert: 'a1', from: '2026-01-31T11:00:00.000Z' });
    expect(pageContext('/incidents', { incident: 'i1' }, now)).toEqual({ incident: 'i1' });
    expect(pageContext('/', {}, now)).toEqual({});
  });

  it('is the search with its filters in the query language', () => {
    const view = { q: 'timeout OR refused', source: ['file:/var/log/syslog', 'http'], host: ['web-1'], record: 'r1' };
    expect(pageContext('/search', view, now)).toEqual({ record: 'r1', query: '(timeout OR refused) (source:"file:/var/log/syslog" OR source:http) host:web-1' });
    expect(pageContext('/search', { q: 'timeout OR refused' }, now).query).toBe('timeout OR refused');
    expect(pageContext('/alerts', { q: 'words' }, now)).toEqual({});
  });

  it('is the metric that is drawn, over a day unless a range is chosen', () => {
    expect(pageContext('/series', { view: 'query', q: 'up' }, now)).toEqual({ metric: 'up', from: '2026-01-30T12:00:00.000Z' });
    expect(pageContext('/series', { series: ['s1', 's2'], to: '2026-01-31T10:00:00Z' }, now)).toEqual({ metric: 's1', to: '2026-01-31T10:00:00.000Z' });
    expect(pageContext('/series', { series: ['s1', 's2'] }, now, { metric: 'cpu{host="a"}' }).metric).toBe('cpu{host="a"}');
  });

  it('is nothing on the page of conversations', () => {
    expect(pageContext('/copilot', { alert: 'a1', q: 'x', from: 'now-1h' }, now)).toEqual({});
  });
});

it('says in words what a question is about', () => {
  const show = (time: string) => time.slice(11, 16);
  expect(contextWords({ alert: 'a', query: 'x', from: '2026-01-31T10:00:00Z', to: '2026-01-31T11:00:00Z' }, show)).toEqual(['the alert', 'the search “x”', '10:00 → 11:00']);
  expect(contextWords({ from: '2026-01-31T10:00:00Z', alert: null }, show)).toEqual(['the time since 10:00']);
  expect(contextWords({}, show)).toEqual([]);
});

it('offers questions that fit what is open', () => {
  expect(firstQuestions({ alert: 'a' })[0]).toBe('What caused this?');
  expect(firstQuestions({ metric: 'up' })[0]).toBe('Why is this high?');
  expect(firstQuestions({}).every((question) => !question.includes('this'))).toBe(true);
});
