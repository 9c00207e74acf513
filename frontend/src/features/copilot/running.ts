import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

import type { PageContext } from '@/api-client/copilot-types';
import { ApiError, postForEvents } from '@/api-client/http';
import { readEvents } from '@/api-client/sse';

import { asking, ended, failed, heard, isRunning, stopped, type LiveAnswer } from './live-answer';

export interface Question {
  text: string;
  page?: PageContext;
  /** The question that is asked again, and how many answers it has. */
  again?: { id: string; answers: number };
}

interface Running {
  answer: LiveAnswer;
  abort: AbortController;
}

/** After being stopped an answer is kept a moment later. */
const KEPT_AFTER_MS = [300, 1500, 5000];

/** What is being answered, by conversation. It goes on wherever the reader goes. */
const running = new Map<string, Running>();
const watchers = new Set<() => void>();

function change(thread: string, own: AbortController, next: (answer: LiveAnswer) => LiveAnswer) {
  const current = running.get(thread);
  // What another question has taken the place of is told no more.
  if (current?.abort !== own) return;
  running.set(thread, { ...current, answer: next(current.answer) });
  for (const watcher of watchers) watcher();
}

/** Asks in a conversation; the answer is there with `useRunning` as it comes. */
export async function ask(client: QueryClient, thread: string, { text, page, again }: Question): Promise<void> {
  const abort = new AbortController();
  running.get(thread)?.abort.abort();
  running.set(thread, { abort, answer: asking({ text, page, asked: again?.id, before: again?.answers ?? 0 }) });
  change(thread, abort, (answer) => answer);
  try {
    const path = `copilot/threads/${encodeURIComponent(thread)}/messages`;
    const body = await postForEvents(path, { ...(again ? { again: again.id } : { text }), page, utc_offset_minutes: -new Date().getTimezoneOffset() }, abort.signal);
    await readEvents(body, (event) => change(thread, abort, (answer) => heard(answer, event)));
    change(thread, abort, ended);
  } catch (error) {
    if (abort.signal.aborted) change(thread, abort, stopped);
    else if (error instanceof ApiError) change(thread, abort, (answer) => failed(answer, error.problem));
    else change(thread, abort, ended);
  }
  await keep(client, thread, abort);
}

/** Reads the conversation anew until the answer is among its messages. */
async function keep(client: QueryClient, thread: string, own: AbortController) {
  const answer = running.get(thread)?.answer;
  void client.invalidateQueries({ queryKey: ['copilot-threads'] });
  await client.invalidateQueries({ queryKey: ['copilot-thread', thread] });
  if (answer?.asked === undefined || answer.phase === 'done') return;
  for (const pause of KEPT_AFTER_MS) {
    await new Promise((resolve) => window.setTimeout(resolve, pause));
    if (running.get(thread)?.abort !== own) return;
    await client.invalidateQueries({ queryKey: ['copilot-thread', thread] });
  }
}

/** Stops the answer; what had come of it is kept. */
export function stop(thread: string) {
  const current = running.get(thread);
  if (!current || !isRunning(current.answer)) return;
  change(thread, current.abort, stopped);
  current.abort.abort();
}

/** Forgets what was being answered, as when its conversation is deleted. */
export function forget(thread: string) {
  running.get(thread)?.abort.abort();
  running.delete(thread);
}

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export const useRunning = (thread: string | undefined) => useSyncExternalStore(watch, () => (thread === undefined ? undefined : running.get(thread)?.answer));
