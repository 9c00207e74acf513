import { describe, expect, it } from 'vitest';

import { formatConfidence, isNever, sentence } from './ticket-words';
import { parseQueryString, parseView } from './view';

describe('the words of tickets', () => {
  it('a reason is shown as a sentence', () => {
    expect(sentence('confidence 0.95 is at least 0.60, the threshold of high')).toBe('Confidence 0.95 is at least 0.60, the threshold of high.');
    expect(sentence('Done already.')).toBe('Done already.');
    expect(sentence('done')).toBe('Done.');
    expect(sentence('metrics.used_ratio was 0.96')).toBe('metrics.used_ratio was 0.96.');
    expect(sentence('/var is full')).toBe('/var is full.');
    expect(sentence(' ')).toBe('');
  });

  it('a confidence that is not known is no number', () => {
    expect([formatConfidence(0.6), formatConfidence(null), formatConfidence(undefined)]).toEqual(['0.60', '–', '–']);
    expect([isNever(1), isNever(2)]).toEqual([false, true]);
  });

  it('a link to a ticket is read, and decisions that do not exist are left out', () => {
    expect(parseView(parseQueryString('?ticket=0190&action=create,erase,hold&tracker=jira'))).toEqual({ ticket: '0190', action: ['create', 'hold'], tracker: 'jira' });
  });
});
