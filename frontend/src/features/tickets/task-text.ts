import type { TicketTask } from '@/api-client/types';
import { plural } from '@/lib/format';
import type { TaskKind, TaskState } from '@/lib/ticket-words';

export const TASK_WORDS: Record<TaskKind, string> = { create: 'Open it', comment: 'Say something on it', reopen: 'Open it again', resolve: 'Resolve it' };

export const STATE_WORDS: Record<TaskState, string> = { pending: 'waiting', done: 'told', skipped: 'needless', dead: 'given up' };

/** What holds a waiting task back; undefined if it is its turn. */
export function heldBy(task: TicketTask, tasks: readonly TicketTask[]): 'before' | 'dead' | undefined {
  if (task.state !== 'pending') return undefined;
  const earlier = tasks.filter(({ id }) => id < task.id);
  // A comment that could not be said holds nothing back.
  if (earlier.some(({ state, kind }) => state === 'dead' && kind !== 'comment')) return 'dead';
  return earlier.some(({ state }) => state === 'pending') ? 'before' : undefined;
}

/** When a task was done or is to be done, as a sentence without its end; `show` writes a moment. */
export function taskTime(task: TicketTask, tasks: readonly TicketTask[], now: number, show: (time: string) => string): string {
  const tried = task.attempts > 0 ? `, tried ${plural(task.attempts, 'time')} without success` : '';
  if (task.state !== 'pending') return `${task.settled_at ? show(task.settled_at) : 'settled'}${tried}`;
  const held = heldBy(task, tasks);
  if (held === 'dead') return `waits for what was given up before it${tried}`;
  if (held === 'before') return `waits for what is before it${tried}`;
  return `${Date.parse(task.due_at) <= now ? 'is due' : `next try at ${show(task.due_at)}`}${tried}`;
}

/** The newest state of the whole: how much waits, and how much was given up. */
export function taskCounts(tasks: readonly TicketTask[]): Record<TaskState, number> {
  const counts: Record<TaskState, number> = { pending: 0, done: 0, skipped: 0, dead: 0 };
  for (const { state } of tasks) counts[state] += 1;
  return counts;
}
