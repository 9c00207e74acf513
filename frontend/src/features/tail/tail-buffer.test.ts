import { describe, expect, it } from 'vitest';

import type { LogRecord } from '@/api-client/types';

import { arrive, EMPTY_BUFFER, KEPT_MAX, pause, resume } from './tail-buffer';

const lines = (from: number, count: number) => Array.from({ length: count }, (_, index) => ({ id: String(from + index) }) as LogRecord);
const ids = (records: LogRecord[]) => records.map(({ id }) => id);

describe('the tail’s buffer', () => {
  it('keeps what fits and counts what left', () => {
    const full = arrive(EMPTY_BUFFER, lines(0, KEPT_MAX));
    const more = arrive(full, lines(KEPT_MAX, 3));
    expect(more.lines).toHaveLength(KEPT_MAX);
    expect(more.lines[0]?.id).toBe('3');
    expect(more.departed).toBe(3);
  });

  it('holds lines back while paused and shows them after', () => {
    const paused = arrive(pause(arrive(EMPTY_BUFFER, lines(0, 2))), lines(2, 2));
    expect(ids(paused.lines)).toEqual(['0', '1']);
    expect(ids(paused.held)).toEqual(['2', '3']);
    expect(ids(resume(paused).lines)).toEqual(['0', '1', '2', '3']);
    expect(resume(paused).held).toEqual([]);
  });

  it('says how many lines a long pause cost', () => {
    expect(arrive(pause(EMPTY_BUFFER), lines(0, KEPT_MAX + 5)).dropped).toBe(5);
  });
});
