import { describe, expect, it } from 'vitest';

import type { TicketTask } from '@/api-client/types';

import { heldBy, taskCounts, taskTime } from './task-text';

const NOW = Date.parse('2026-01-31T12:00:00Z');
const task = (id: number, more: Partial<TicketTask> = {}): TicketTask => ({ id, kind: 'comment', state: 'pending', text: 'It is full.', due_at: '2026-01-31T11:59:00Z', attempts: 0, ...more });
const show = (time: string) => time.slice(11, 16);

describe('what a tracker is to be told', () => {
  it('waits for its turn', () => {
    const tasks = [task(1, { kind: 'create', state: 'done' }), task(2), task(3)];
    expect(tasks.map((one) => heldBy(one, tasks))).toEqual([undefined, undefined, 'before']);
  });

  it('waits for what was given up, unless that is a comment', () => {
    const dead = [task(1, { kind: 'create', state: 'dead' }), task(2)];
    expect(heldBy(dead[1] ?? task(2), dead)).toBe('dead');
    const said = [task(1, { state: 'dead' }), task(2, { kind: 'resolve' })];
    expect(heldBy(said[1] ?? task(2), said)).toBeUndefined();
  });

  it('says when', () => {
    const later = task(2, { due_at: '2026-01-31T12:05:00Z', attempts: 3 });
    expect(taskTime(later, [later], NOW, show)).toBe('next try at 12:05, tried 3 times without success');
    expect(taskTime(task(1), [task(1)], NOW, show)).toBe('is due');
    const done = task(1, { state: 'done', settled_at: '2026-01-31T11:59:02Z' });
    expect(taskTime(done, [done], NOW, show)).toBe('11:59');
    const held = [task(1, { kind: 'create', state: 'dead' }), task(2)];
    expect(taskTime(task(2), held, NOW, show)).toBe('waits for what was given up before it');
  });

  it('is counted', () => {
    expect(taskCounts([task(1, { state: 'done' }), task(2), task(3, { state: 'dead' })])).toEqual({ pending: 1, done: 1, skipped: 0, dead: 1 });
  });
});
