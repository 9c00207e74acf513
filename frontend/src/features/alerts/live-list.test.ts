import { describe, expect, it } from 'vitest';

import type { Alert } from '@/api-client/types';

import { fits, liveList } from './live-list';

const alert = (id: string, seq: number, more: Partial<Alert> = {}): Alert =>
  ({ id, seq, title: `Disk full on ${id}`, labels: { alertname: 'failure', host: id }, status: 'new', severity: 'high', kind: 'realtime', rule: 'failure', firing: true, starts_at: '2026-01-31T10:00:00Z', ...more }) as Alert;
const ids = (list: Alert[]) => list.map(({ id }) => id);
const changes = (...list: Alert[]) => new Map(list.map((one) => [one.id, one]));

describe('which alerts fit', () => {
  it('goes by every part of the filter', () => {
    const one = alert('web-1', 1, { assignee: 'ann', failure_type: 'disk_full', incident: 'i1' });
    expect(fits(one, { status: ['new'], severity: ['high'], kind: 'realtime', rule: 'failure', failure_type: 'disk_full', incident: 'i1', assignee: 'ann', firing: true, q: 'FULL web-1' })).toBe(true);
    expect(fits(one, { status: ['resolved'] })).toBe(false);
    expect(fits(one, { q: 'full web-2' })).toBe(false);
    expect(fits(one, { assignee: '' })).toBe(false);
    expect(fits(alert('a', 1), { assignee: '' })).toBe(true);
    expect(fits(one, { label: [{ name: 'host', value: 'web-.*', is_regex: true }] })).toBe(true);
    expect(fits(one, { from: '2026-01-31T10:00:00Z', to: '2026-01-31T10:00:01Z' })).toBe(true);
    expect(fits(one, { to: '2026-01-31T10:00:00Z' })).toBe(false);
  });
});

describe('a list with what was told since', () => {
  const read = [alert('c', 3), alert('b', 2), alert('a', 1)];

  it('puts new alerts first and changes those it has, each once', () => {
    const list = liveList(read, changes(alert('d', 4), alert('b', 5, { count: 7 })), {}, true);
    expect(ids(list)).toEqual(['d', 'c', 'b', 'a']);
    expect(list[2]?.count).toBe(7);
  });

  it('lets go of what no longer fits', () => {
    expect(ids(liveList(read, changes(alert('b', 5, { status: 'resolved' })), { status: ['new'] }, true))).toEqual(['c', 'a']);
  });

  it('believes what was read where that is newer', () => {
    expect(liveList(read, changes(alert('c', 2, { status: 'resolved' })), {}, true)[0]?.status).toBe('new');
  });

  it('leaves what is older than the part that was read to the next page', () => {
    const some = read.slice(0, 2);
    expect(ids(liveList(some, changes(alert('a', 9)), {}, false))).toEqual(['c', 'b']);
    expect(ids(liveList(some, changes(alert('a', 9)), {}, true))).toEqual(['c', 'b', 'a']);
  });
});
