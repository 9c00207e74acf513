import { describe, expect, it } from 'vitest';

import { formatQueryString, parseQueryString, parseView, type View } from './view';

const there = (view: View) => formatQueryString({ ...view });
const back = (text: string) => parseView(parseQueryString(text));

describe('a view in the URL', () => {
  it('comes back as it was', () => {
    const view: View = {
      q: 'status:500 "connection refused" -health & 50%',
      mode: 'hybrid',
      from: 'now-1h',
      source: ['file:/var/log/syslog', 'http'],
      severity: ['error', 'fatal'],
      refresh: 30,
      record: '01890f3e-0000-7000-8000-000000000000',
      tab: 'context',
    };
    expect(back(there(view))).toEqual(view);
  });

  it('leaves out what is not set', () => {
    expect(there({ q: '', source: [], mode: undefined })).toBe('');
  });

  it('stays readable', () => {
    expect(there({ source: ['file:/var/log/syslog', 'http'] })).toBe('?source=file:/var/log/syslog,http');
  });

  it('drops what makes no sense', () => {
    expect(back('?mode=magic&severity=bad,warn&refresh=0&tab=9&order=newest')).toEqual({ severity: ['warn'] });
  });

  it('keeps digits as text', () => {
    expect(back('?q=500')).toEqual({ q: '500' });
  });
});
