import { describe, expect, it } from 'vitest';

import type { AlertRule } from '@/api-client/types';
import { histogram } from '@/lib/histogram';

import { conditionText, draftOf, EXAMPLES, FACTS, KINDS, NEW_RULE, ruleOf } from './rule-draft';

const RULE: AlertRule = {
  id: 'failure_repeated',
  about: 'Again and again.',
  on: 'log',
  when: 'confidence >= 0.6',
  count: 10,
  window: '5m',
  for: '0s',
  keep_firing_for: '15m',
  group_by: ['source', 'host'],
  severity: 'auto',
  title: '{{ labels.host }} fails',
  labels: { team: 'db' },
  annotations: { runbook: 'https://wiki/a=b' },
  enabled: false,
  version: 3,
};

describe('a rule in a form', () => {
  it('comes back as it was', () => {
    expect(ruleOf(draftOf(RULE))).toEqual({ ...RULE, query: undefined, after: undefined });
  });

  it('leaves to the server what is left empty', () => {
    const rule = JSON.parse(JSON.stringify(ruleOf({ ...NEW_RULE, id: 'x' }))) as object;
    expect(rule).toEqual({ id: 'x', about: '', on: 'log', group_by: [], severity: 'auto', labels: {}, annotations: {}, enabled: true });
  });

  it('has only the fields of its kind', () => {
    const draft = { ...draftOf(RULE), query: 'up', after: '5m', count: '3' };
    expect(ruleOf({ ...draft, on: 'metric' })).toMatchObject({ query: 'up', count: undefined, window: undefined, after: undefined });
    expect(ruleOf({ ...draft, on: 'no_data' })).toMatchObject({ query: 'up', after: '5m', count: undefined });
    expect(ruleOf({ ...draft, on: 'anomaly' })).toMatchObject({ query: undefined, after: undefined, count: undefined });
  });

  it('says what it looks for', () => {
    expect(conditionText(RULE)).toBe('confidence >= 0.6 · 10 times within 5m');
    expect(conditionText({ on: 'no_data', query: 'up', after: '5m' })).toBe('up · nothing for 5m');
    expect(conditionText({ on: 'anomaly' })).toBe('always');
  });

  it('shows an example that speaks of facts of its kind', () => {
    for (const kind of KINDS) expect(FACTS[kind].some((fact) => EXAMPLES[kind].startsWith(fact)), kind).toBe(true);
  });
});

it('counts moments over equal parts, and none outside', () => {
  expect(histogram([0, 1, 9, 10, 25, 39, 40, -1], 0, 40, 4)).toEqual([3, 1, 1, 1]);
});
