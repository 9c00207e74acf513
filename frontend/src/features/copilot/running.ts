import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';

import type { PageContext } from '@/api-client/copilot-types';
import { ApiError, postForEvents } from '@/api-client/http';
import { readEvents } from '@/api-client/sse';

import { threadOptions } from './api/get-thread';
import type { Attachment } from './attachments';
import { hold, letGo } from './held';
import { asking, ended, failed, heard, isRunning, stopped, type LiveAnswer } from './live-answer';
import { isKept } from './turns';

export interface Question {
  text: string;
  page?: PageContext;
  attachments?: readonly Attachment[];
  /** The question that is asked again, and how many answers it has. */
  again?: { id: string; answers: number };
}

interface Running {
  answer: LiveAnswer;
  abort: AbortController;
}

/** A conversation may have been read just before its answer was kept; one that was stopped is kept a moment later. */
const KEPT_AFTER_MS = [100, 500, 2000, 5000];

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
export async function ask(client: QueryClient, thread: string, { text, page, attachments = [], again }: Question): Promise<void> {
  const abort = new AbortController();
  running.get(thread)?.abort.abort();
  running.set(thread, { abort, answer: asking({ text, page, attachments, asked: again?.id, before: again?.answers ?? 0 }) });
  change(thread, abort, (answer) => answer);
  try {
    const path = `copilot/threads/${encodeURIComponent(thread)}/messages`;
    const brought = attachments.length > 0 ? attachments.map(({ name, text: said }) => ({ name, text: said })) : undefined;
    const question = { ...(again ? { again: again.id } : { text }), page, attachments: brought, utc_offset_minutes: -new Date().getTimezoneOffset() };
    const body = await postForEvents(path, question, abort.signal);
    await readEvents(body, (event) => {
      change(thread, abort, (answer) => heard(answer, event));
      if (event.event === 'asked') taken(client, thread, abort);
    });
    change(thread, abort, ended);
  } catch (error) {
    if (abort.signal.aborted) change(thread, abort, stopped);
    else if (error instanceof ApiError) change(thread, abort, (answer) => failed(answer, error.problem));
    else change(thread, abort, ended);
  }
  await keep(client, thread, abort);
}

/** The server has the question. */
function taken(client: QueryClient, thread: string, own: AbortController) {
  const current = running.get(thread);
  if (current?.abort !== own) return;
  const { asked, attachments = [] } = current.answer;
  if (asked !== undefined && attachments.length > 0) hold(asked, thread, attachments);
  // The first question gives a conversation its title.
  void client.invalidateQueries({ queryKey: ['copilot-threads'] });
}

/** Reads the conversation anew until the answer is among its messages. */
async function keep(client: QueryClient, thread: string, own: AbortController) {
  const { queryKey } = threadOptions(thread);
  const refresh = () => Promise.all([client.invalidateQueries({ queryKey }), client.invalidateQueries({ queryKey: ['copilot-threads'] })]);
  await refresh();
  for (const pause of KEPT_AFTER_MS) {
    const current = running.get(thread);
    if (current?.abort !== own || current.answer.asked === undefined) return;
    if (isKept(client.getQueryData(queryKey)?.items ?? [], current.answer)) return;
    await new Promise((resolve) => window.setTimeout(resolve, pause));
    await refresh();
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
  letGo(thread);
}

const watch = (watcher: () => void) => {
  watchers.add(watcher);
  return () => watchers.delete(watcher);
};

export const useRunning = (thread: string | undefined) => useSyncExternalStore(watch, () => (thread === undefined ? undefined : running.get(thread)?.answer));
