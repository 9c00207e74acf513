import { describe, expect, it } from 'vitest';

import { changed, CHANGED_MAX, greeted, lost, NO_STREAM, told, type AlertMessage, type Stream } from './alert-stream';
import type { Alert } from './types';

const alert = (id: string, seq: number, status = 'new') => ({ id, seq, status, labels: {}, title: id }) as unknown as Alert;
const message = (seq: number, id = `a${seq}`): AlertMessage => ({ seq, alert: alert(id, seq), event: { seq, alert: id, kind: 'fired', actor: 'system', at: '' } });
const numbers = ({ taken }: { taken: AlertMessage[] }) => taken.map(({ seq }) => seq);

describe('a stream of alerts', () => {
  it('loses and doubles nothing across a reconnect', () => {
    const seen: number[] = [];
    let stream: Stream = greeted(NO_STREAM, 10);
    const hear = (...seqs: number[]) => {
      const heard = told(stream, seqs.map((seq) => message(seq)));
      stream = heard.stream;
      seen.push(...numbers(heard));
    };
    hear(11, 12);
    stream = lost(stream);
    expect(stream.phase).toBe('reconnecting');
    const before = stream.reloads;
    // The server goes on after the last number we had, and tells some of it again.
    stream = greeted(stream, 12);
    hear(12, 13, 13, 14);
    hear(14);
    hear(15);
    expect(seen).toEqual([11, 12, 13, 14, 15]);
    expect([...stream.changed.keys()]).toEqual(['a11', 'a12', 'a13', 'a14', 'a15']);
    expect(stream.reloads).toBe(before);
    expect(stream.phase).toBe('live');
  });

  it('has lists read anew when it cannot go on where it stopped', () => {
    const first = greeted(NO_STREAM, 10);
    expect(first.reloads).toBe(1);
    const went = told(first, [message(11)]).stream;
    // A server with a life of its own counts from elsewhere.
    const other = greeted(lost(went), 3);
    expect(other.reloads).toBe(2);
    expect(other.changed.size).toBe(0);
    expect(numbers(told(other, [message(4)]))).toEqual([4]);
    expect(greeted(lost(went), 50).reloads).toBe(2);
  });

  it('keeps the newest state of an alert, whoever brings it', () => {
    const stream = told(greeted(NO_STREAM, 0), [message(1, 'x'), message(2, 'x')]).stream;
    expect(changed(stream, [alert('x', 1, 'old')]).changed.get('x')?.seq).toBe(2);
    expect(changed(stream, [alert('x', 3, 'acknowledged')]).changed.get('x')?.status).toBe('acknowledged');
  });

  it('is bounded', () => {
    const many = Array.from({ length: CHANGED_MAX + 1 }, (_, index) => message(index + 1));
    const { stream, taken } = told(greeted(NO_STREAM, 0), many);
    expect(taken).toHaveLength(CHANGED_MAX + 1);
    expect(stream.changed.size).toBe(0);
    expect(stream.reloads).toBe(2);
    expect(stream.seq).toBe(CHANGED_MAX + 1);
  });

  it('says connecting until it was once greeted', () => {
    expect(lost(NO_STREAM).phase).toBe('connecting');
  });
});
