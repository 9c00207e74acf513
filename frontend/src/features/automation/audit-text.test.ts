import { describe, expect, it } from 'vitest';

import { actionText, detailPairs, detailText, subjectOf } from './audit-text';

describe('an entry of the audit trail', () => {
  it('leads to what it is about', () => {
    expect(subjectOf('run:01a2')).toEqual({ kind: 'run', id: '01a2' });
    expect(subjectOf('automation_rule:clean')).toEqual({ kind: 'rule', id: 'clean' });
    expect(subjectOf('automation')).toEqual({ kind: 'other', id: 'automation' });
  });

  it('is said in words', () => {
    expect(actionText('automation.rule.put')).toBe('rule put');
    expect(actionText('automation.run.not_undone')).toBe('not undone');
    expect([detailText('a'), detailText(['a', 'b']), detailText({ a: 1 }), detailText(3)]).toEqual(['a', 'a, b', '{"a":1}', '3']);
    const details = { rule: 'clean', plan: 'a'.repeat(64), seq: 2, from: null, targets: ['web-1'], detail: 'ana said yes', comment: '' };
    expect(detailPairs(details)).toEqual([['rule', 'clean'], ['plan', 'a'.repeat(12)], ['targets', 'web-1']]);
  });
});
