import { describe, expect, it } from 'vitest';

import type { FreezeWish } from '@/api-client/automation-types';

import { freezeEnd, freezeOf, isOver, NEW_FREEZE } from './freeze-draft';
import { approvalText, failureTypesOf, spanSecs, spanText } from './rule-match';
import { lineOfField, lineRange, mistakesOf } from './yaml-places';

const YAML = `# A comment
- id: clean
  enabled: false
  match:
    failure_type: [disk_full, "inodes_full"]
    when: "'service' in labels"
  action:
    provider: ansible
    params:
      enabled: true
  approval: { required: always }
  verify:
    after: 1m
    expect: x <
`;

describe('what is wrong with a rule', () => {
  it('is shown where its field stands', () => {
    expect(lineOfField(YAML, 'verify.expect')).toBe(14);
    expect(lineOfField(YAML, 'match.when')).toBe(6);
    expect(lineOfField(YAML, 'id')).toBe(2);
    // Not that of the parameters.
    expect(lineOfField(YAML, 'enabled')).toBe(3);
    expect(lineOfField(YAML, 'action.params.enabled')).toBe(10);
  });

  it('is shown on the field around it where it is written within that, or is missing', () => {
    expect(lineOfField(YAML, 'approval.required')).toBe(11);
    expect(lineOfField(YAML, 'verify.timeout')).toBe(12);
    expect(lineOfField(YAML, 'nonsense')).toBeUndefined();
  });

  it('is placed by the line that the server says, or else by its field', () => {
    expect(mistakesOf(YAML, { detail: 'line 7: `action`: unknown field' })).toEqual([{ line: 7, field: 'action', text: 'line 7: `action`: unknown field' }]);
    expect(mistakesOf(YAML, { detail: 'automation `clean`: `verify.expect`: expected a condition' })[0]).toMatchObject({ line: 14, field: 'verify.expect' });
    expect(mistakesOf(YAML, { detail: 'no', errors: [{ field: 'match.when', detail: 'syntax' }] })).toEqual([{ line: 6, field: 'match.when', text: 'syntax' }]);
    expect(mistakesOf(YAML, { detail: 'line 3: no', errors: [{ detail: 'bad' }] })[0]?.line).toBe(3);
    const said = 'line 14: automation `clean`: `verify.expect`: the condition is not CEL';
    expect(mistakesOf(YAML, { detail: said, errors: [{ field: 'yaml', expected: 'a rule', detail: said }] })).toEqual([{ line: 14, field: 'verify.expect', text: said }]);
    expect(mistakesOf(YAML, { detail: 'it is too long' })).toEqual([{ line: undefined, field: undefined, text: 'it is too long' }]);
  });

  it('is selected by its line', () => {
    const [start, end] = lineRange(YAML, 3);
    expect(YAML.slice(start, end)).toBe('  enabled: false');
    expect(lineRange('a', 9)[1]).toBeLessThanOrEqual(10);
  });
});

describe('a rule in words', () => {
  it('says for which failures it is', () => {
    expect(failureTypesOf(YAML)).toEqual(['disk_full', 'inodes_full']);
    expect(failureTypesOf('id: a\nmatch: { failure_type: oom, min_confidence: 0.8 }\n')).toEqual(['oom']);
    expect(failureTypesOf('id: a\nmatch:\n  failure_type: oom\n')).toEqual(['oom']);
    expect(failureTypesOf("match:\n  failure_type:\n    - 'oom'\n    - disk_full\n  severity: high\n")).toEqual(['oom', 'disk_full']);
    expect(failureTypesOf('match:\n  severity: high\naction:\n  params:\n    failure_type: oom\n')).toEqual([]);
  });

  it('says who has to agree', () => {
    const stages = [{ approvers: ['ana', 'ben'], count: 1 }, { approvers: [], count: 1 }];
    const base = { stages, expires_after_secs: 60, two_person: false };
    expect(approvalText({ approval: { ...base, required: 'always' } })).toBe('1 of ana, ben, then anyone');
    expect(approvalText({ approval: { ...base, required: 'when', when: 'destroys > 0', two_person: true } })).toBe('1 of ana, ben, then anyone, two people if destroys > 0');
    expect(approvalText({ approval: { ...base, required: 'never' } })).toBe('nobody');
  });

  it('has spans that come back as they were', () => {
    for (const secs of [0, 45, 60, 90, 3600, 5400, 86_400]) expect(spanSecs(spanText(secs))).toBe(secs);
    expect(spanText(3600)).toBe('1h');
    expect(spanSecs('1h 30m')).toBe(5400);
    expect(spanSecs('soon')).toBeUndefined();
    expect(spanSecs('')).toBeUndefined();
  });
});

describe('a freeze', () => {
  const now = Date.UTC(2026, 0, 31, 12);
  const freeze = (more: Partial<FreezeWish> = {}): FreezeWish => ({ reason: 'x', starts_at: '2026-01-30T22:00:00Z', ends_at: '2026-01-31T06:00:00Z', recurrence: null, ...more });

  it('is made of what was typed, or it is said what is wrong', () => {
    expect(freezeOf({ ...NEW_FREEZE, reason: ' release ' }, now)).toEqual({ reason: 'release', starts_at: '2026-01-31T12:00:00.000Z', ends_at: '2026-01-31T16:00:00.000Z', recurrence: null });
    expect(freezeOf(NEW_FREEZE, now)).toContain('why');
    expect(freezeOf({ ...NEW_FREEZE, reason: 'x', to: 'later' }, now)).toContain('times');
    expect(freezeOf({ ...NEW_FREEZE, reason: 'x', to: 'now-1h' }, now)).toContain('after the start');
    expect(freezeOf({ reason: 'x', from: 'now-3h', to: 'now-1h', recurrence: '' }, now)).toContain('over already');
    expect(freezeOf({ reason: 'x', from: 'now', to: 'now+2d', recurrence: 'daily' }, now)).toContain('comes again');
  });

  it('holds within its time, and comes again', () => {
    const hour = 3_600_000;
    expect(freezeEnd(freeze(), Date.UTC(2026, 0, 31, 5))).toBe(Date.UTC(2026, 0, 31, 6));
    expect(freezeEnd(freeze(), now)).toBeUndefined();
    expect(freezeEnd(freeze({ recurrence: 'daily' }), now + 11 * hour)).toBe(Date.UTC(2026, 1, 1, 6));
    expect(freezeEnd(freeze({ recurrence: 'daily' }), Date.UTC(2026, 0, 29, 23))).toBeUndefined();
    expect(isOver(freeze(), now)).toBe(true);
    expect(isOver(freeze({ recurrence: 'weekly' }), now)).toBe(false);
  });
});
