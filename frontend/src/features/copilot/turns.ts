import type { Message } from '@/api-client/copilot-types';

import { isRunning, type LiveAnswer } from './live-answer';

/** A question with its answers, the oldest first; several if it was asked again. */
export interface Turn {
  /** Missing until the server has the question. */
  question?: Message;
  answers: Message[];
  /** What comes now, or came and is not kept yet. */
  live?: LiveAnswer;
}

/** A conversation, question by question, with what is being answered now. */
export function turnsOf(items: readonly Message[], live?: LiveAnswer): Turn[] {
  const questions = items.filter(({ role }) => role === 'user');
  const turns: Turn[] = questions.map((question) => ({ question, answers: items.filter(({ answers }) => answers === question.id) }));
  if (!live || isKept(items, live)) return turns;
  const own = turns.find(({ question }) => question && question.id === live.asked);
  if (!own) return [...turns, { answers: [], live }];
  own.live = live;
  return turns;
}

/** Whether the answer is among the messages already; one that was stopped is known by being one more. */
export function isKept(items: readonly Message[], live: LiveAnswer): boolean {
  if (live.message) return items.some(({ id }) => id === live.message?.id);
  return live.asked !== undefined && !isRunning(live) && items.filter(({ answers }) => answers === live.asked).length > live.before;
}
