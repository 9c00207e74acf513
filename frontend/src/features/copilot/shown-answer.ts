import type { Answer, AnswerChartWish, Fact, Proposal, Statement, Step, Understood, Writer } from '@/api-client/copilot-types';

import type { LiveAnswer } from './live-answer';

/** An answer as it is shown, whole or while it comes. */
export interface ShownAnswer {
  understood?: Understood;
  steps: Step[];
  statements: Statement[];
  facts: Fact[];
  charts: AnswerChartWish[];
  proposals: Proposal[];
  notices: string[];
  writer?: Writer;
  isStopped: boolean;
  tookMs?: number;
}

export const keptAnswer = ({ stopped, took_ms, ...answer }: Answer): ShownAnswer => ({ ...answer, isStopped: stopped, tookMs: took_ms });

export function liveAnswer(live: LiveAnswer): ShownAnswer {
  if (live.message?.answer) return keptAnswer(live.message.answer);
  const { understood, steps, statements, facts, charts, notices, phase } = live;
  return { understood, steps, statements, facts, charts, notices, proposals: [], isStopped: phase === 'stopped' };
}

/** An answer as text to be copied: its sentences with the names of their facts, then the facts. */
export function answerText({ statements, facts }: ShownAnswer): string {
  const sentences = statements.map(({ text, cites }) => `${text}${cites.length > 0 ? ` [${cites.join(', ')}]` : ''}`);
  const list = facts.map(({ id, text, at }) => `[${id}] ${text}${at ? ` (${at})` : ''}`);
  return [...sentences, ...(list.length > 0 ? ['', ...list] : [])].join('\n');
}
