import type { AnswerChartWish, Fact, Message, PageContext, Statement, Step, Understood } from '@/api-client/copilot-types';
import type { SseEvent } from '@/api-client/sse';
import type { Problem } from '@/api-client/types';

import type { Attachment } from './attachments';

/** An answer while it comes. */
export interface LiveAnswer {
  phase: 'asking' | 'answering' | 'done' | 'stopped' | 'failed';
  /** What was asked, and from which page. */
  text: string;
  page?: PageContext;
  /** What came with it. */
  attachments?: readonly Attachment[];
  /** The id of the question, once the server has it; from the beginning where it is asked again. */
  asked?: string;
  /** How many answers the question had before. */
  before: number;
  understood?: Understood;
  steps: Step[];
  facts: Fact[];
  statements: Statement[];
  charts: AnswerChartWish[];
  notices: string[];
  /** The whole answer, as it is kept. */
  message?: Message;
  problem?: Problem;
}

type Asked = Pick<LiveAnswer, 'text' | 'page' | 'attachments' | 'asked'> & { before?: number };

export const asking = (question: Asked): LiveAnswer => ({ phase: 'asking', before: 0, steps: [], facts: [], statements: [], charts: [], notices: [], ...question });

/** Whether more of it is to come. */
export const isRunning = (answer: LiveAnswer | undefined) => answer?.phase === 'asking' || answer?.phase === 'answering';

/** The answer after one more event; what is not known is passed over, so that a newer server may say more. */
export function heard(answer: LiveAnswer, { event, data }: SseEvent): LiveAnswer {
  if (!isRunning(answer)) return answer;
  const read = <T>() => JSON.parse(data) as T;
  const next: LiveAnswer = { ...answer, phase: 'answering' };
  switch (event) {
    case 'asked':
      return { ...next, asked: read<{ id: string }>().id };
    case 'understood':
      return { ...next, understood: read<Understood>() };
    case 'step':
      return { ...next, steps: [...answer.steps, read<Step>()] };
    case 'fact':
      return { ...next, facts: [...answer.facts, read<Fact>()] };
    case 'statement':
      return { ...next, statements: [...answer.statements, read<Statement>()] };
    case 'chart':
      return { ...next, charts: [...answer.charts, read<AnswerChartWish>()] };
    case 'notice':
      return { ...next, notices: [...answer.notices, read<{ text: string }>().text] };
    case 'message':
      return { ...next, phase: 'done', message: read<Message>() };
    case 'error':
      return { ...next, phase: 'failed', problem: read<Problem>() };
    default:
      return answer;
  }
}

const BROKEN: Problem = {
  type: 'about:blank',
  title: 'The answer broke off',
  status: 0,
  detail: 'The connection to the server ended before the answer did. What had come is shown.',
};

/** The answer after the stream's end: one that came without a last word is broken. */
export const ended = (answer: LiveAnswer): LiveAnswer => failed(answer, BROKEN);

export const failed = (answer: LiveAnswer, problem: Problem): LiveAnswer => (isRunning(answer) ? { ...answer, phase: 'failed', problem } : answer);

export const stopped = (answer: LiveAnswer): LiveAnswer => (isRunning(answer) ? { ...answer, phase: 'stopped' } : answer);
