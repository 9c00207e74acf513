import { describe, expect, it } from 'vitest';

import { fieldTerm, isKey, quote, withoutTerm, withTerm } from './query-text';

describe('the query language', () => {
  it('quotes what is more than a word', () => {
    expect(quote('web-1')).toBe('web-1');
    expect(quote('two words')).toBe('"two words"');
    expect(quote('say "hi"')).toBe('"say \\"hi\\""');
    expect(quote('-5')).toBe('"-5"');
    expect(fieldTerm('source', 'file:/var/log/syslog', true)).toBe('-source:"file:/var/log/syslog"');
    expect(['http.status', '@timestamp', 'a b', '5xx', 'a:b'].map(isKey)).toEqual([true, true, false, false, false]);
    expect(fieldTerm('status', '500')).toBe('status:500');
  });

  it('adds and takes away terms', () => {
    expect(withTerm('timeout', 'status:500')).toBe('timeout status:500');
    expect(withTerm('timeout status:500', 'status:500')).toBe('timeout status:500');
    expect(withTerm('timeout status:500 x', '-status:500')).toBe('timeout x -status:500');
    expect(withoutTerm('-host:a', '-host:a')).toBe('');
    expect(withTerm(undefined, 'a:b')).toBe('a:b');
  });
});
