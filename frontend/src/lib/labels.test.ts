import { describe, expect, it } from 'vitest';

import { aboutSeries, labelText, lineName, selectorOf } from './labels';

describe('selectorOf', () => {
  it('writes a name with its labels as PromQL does', () => {
    expect(selectorOf({ __name__: 'up', job: 'node', host: 'a' })).toBe('up{host="a",job="node"}');
    expect(selectorOf({ __name__: 'up' })).toBe('up');
    expect(selectorOf({ path: 'C:\\a "b"' })).toBe('{path="C:\\\\a \\"b\\""}');
  });
});

describe('lineName', () => {
  it('tells lines apart by labels, and by name where there are none', () => {
    expect(labelText({ __name__: 'x', b: '2', a: '1' })).toBe('a=1 b=2');
    expect(lineName({ __name__: 'x' })).toBe('x');
    expect(lineName({})).toBe('value');
  });
});

describe('aboutSeries', () => {
  it('takes the name off that stands beside the sentence, and nothing else', () => {
    expect(aboutSeries('up{job="a"} was 0, expected 1', { __name__: 'up', job: 'a' })).toBe('was 0, expected 1');
    expect(aboutSeries('all series of a moved together', { __name__: 'up', job: 'a' })).toBe('all series of a moved together');
  });
});
