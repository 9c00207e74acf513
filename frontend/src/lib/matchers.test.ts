import { describe, expect, it } from 'vitest';

import { matchersOf, matchersText, parseMatchers, satisfies } from './matchers';

describe('matchers of labels', () => {
  it('come back as they were', () => {
    const text = 'team="db", host=~"web-.*", path!="/a, \\"b\\"", zone!~"eu|us"';
    const read = parseMatchers(text);
    expect(read?.map(({ name }) => name)).toEqual(['team', 'host', 'path', 'zone']);
    expect(read?.[2]?.value).toBe('/a, "b"');
    expect(matchersText(read ?? [])).toBe(text);
  });

  it('may stand in braces, and plain values without quotes', () => {
    expect(parseMatchers('{team=db}')).toEqual([{ name: 'team', value: 'db', is_equal: true, is_regex: false }]);
    expect(parseMatchers('')).toEqual([]);
  });

  it('that cannot be read are none', () => {
    for (const wrong of ['team', 'team="db', '="x"', 'a="b" c="d"', '9a=b']) expect(parseMatchers(wrong), wrong).toBeUndefined();
  });

  it('hold for whole values, and for labels that are not there', () => {
    const labels = { host: 'web-1', alertname: 'failure' };
    expect(satisfies(labels, matchersOf(labels))).toBe(true);
    expect(satisfies(labels, parseMatchers('host=~"web"') ?? [])).toBe(false);
    expect(satisfies(labels, parseMatchers('host=~"web-.", team=""') ?? [])).toBe(true);
    expect(satisfies(labels, parseMatchers('host!~"web-.*"') ?? [])).toBe(false);
    expect(satisfies(labels, parseMatchers('host=~"["') ?? [])).toBe(false);
  });
});
