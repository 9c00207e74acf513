import { describe, expect, it } from 'vitest';

import { parseQueryString, parseView } from '@/lib/view';

import { refreshOf } from './refresh';
import { actionChoices, decisionFilterOf, narrowsDecisions, narrowsTickets, ticketFilterOf, WIDE } from './view-filter';

const view = (text: string) => parseView(parseQueryString(text));

describe('what the URL asks for', () => {
  it('without a status means tickets that are open', () => {
    expect(ticketFilterOf(view(''))).toEqual({ status: 'open' });
    expect(ticketFilterOf(view('?status=nonsense')).status).toBe('open');
    expect(ticketFilterOf(view('?status=all')).status).toBeUndefined();
    expect(ticketFilterOf(view('?status=resolved')).status).toBe('resolved');
  });

  it('becomes the filter of tickets', () => {
    expect(ticketFilterOf(view('?alert_severity=critical,high&tracker=jira&alert=a1&q= full '))).toEqual({
      status: 'open',
      severity: ['critical', 'high'],
      tracker: 'jira',
      alert: 'a1',
      q: 'full',
    });
    expect(ticketFilterOf(view('?tracker=paper')).tracker).toBeUndefined();
  });

  it('becomes the filter of decisions, with the time', () => {
    const range = { from: '2026-01-01T00:00:00.000Z', to: undefined };
    expect(decisionFilterOf(view('?action=skip,hold&alert=a1'), range)).toEqual({ action: ['skip', 'hold'], alert: 'a1', from: range.from });
  });

  it('narrows, or does not', () => {
    expect(narrowsTickets(view('?status=all'))).toBe(false);
    expect(narrowsTickets(view('?tracker=jira'))).toBe(true);
    expect(narrowsDecisions(view('?view=decisions'))).toBe(false);
    expect(narrowsDecisions(view('?from=now-1h'))).toBe(true);
    expect(narrowsDecisions({ ...view('?action=skip&q=x&alert=a&alert_severity=low'), ...WIDE })).toBe(false);
  });
});

describe('the choice of decisions', () => {
  it('keeps what only the URL says', () => {
    expect(actionChoices(undefined)).toHaveLength(8);
    expect(actionChoices(['create', 'update', 'reopen', 'resolve'])).toHaveLength(8);
    expect(actionChoices(['skip', 'hold']).at(-1)).toEqual({ value: 'skip,hold', label: 'skip, hold' });
  });
});

describe('a list of pages', () => {
  it('is not asked for again by itself while someone reads far down', () => {
    expect(refreshOf()).toBeTypeOf('number');
    expect(refreshOf(3)).toBeTypeOf('number');
    expect(refreshOf(4)).toBe(false);
  });
});
