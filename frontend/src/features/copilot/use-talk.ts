import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import type { PageContext } from '@/api-client/copilot-types';

import { useCreateThread } from './api/create-thread';
import { useThread } from './api/get-thread';
import type { Attachment } from './attachments';
import { broughtBy } from './held';
import { isRunning } from './live-answer';
import { ask as askIn, stop as stopIn, useRunning } from './running';
import { turnsOf, type Turn } from './turns';

/** Asks, and says whether it could: what could not stays to be sent again. */
export type Ask = (text: string, page?: PageContext, attachments?: readonly Attachment[]) => Promise<boolean>;

export interface Talk {
  thread?: string;
  title?: string;
  turns: Turn[];
  isRunning: boolean;
  /** Whether a conversation is being begun. */
  isBusy: boolean;
  isLoading: boolean;
  error: Error | null;
  reload: () => void;
  /** Why no conversation could be begun. */
  beginError: Error | null;
  ask: Ask;
  again: (turn: Turn) => void;
  stop: () => void;
}

/** A conversation, or a new one: its first question begins it, and `onThread` hears which it is. */
export function useTalk(thread: string | undefined, onThread: (thread: string) => void): Talk {
  const client = useQueryClient();
  const { data, error, isLoading, refetch } = useThread(thread);
  const live = useRunning(thread);
  const create = useCreateThread();
  const turns = useMemo(() => turnsOf(data?.items ?? [], live), [data, live]);

  const ask: Ask = async (text, page, attachments) => {
    const id = thread ?? (await create.mutateAsync().catch(() => undefined))?.id;
    if (id === undefined) return false;
    void askIn(client, id, { text, page, attachments });
    if (id !== thread) onThread(id);
    return true;
  };
  const again = (turn: Turn) => {
    const { question, answers, live: shown } = turn;
    const { attachments } = broughtBy(turn);
    // What came with the question has to come again.
    if (!thread || !attachments) return;
    const id = question?.id ?? shown?.asked;
    const text = question?.text ?? shown?.text ?? '';
    const page = question?.page ?? shown?.page;
    void askIn(client, thread, { text, page, attachments, again: id === undefined ? undefined : { id, answers: answers.length } });
  };
  return {
    thread,
    title: data?.title,
    turns,
    isRunning: isRunning(live),
    isBusy: create.isPending,
    isLoading,
    error: live ? null : error,
    beginError: create.error,
    reload: () => void refetch(),
    ask,
    again,
    stop: () => thread && stopIn(thread),
  };
}
