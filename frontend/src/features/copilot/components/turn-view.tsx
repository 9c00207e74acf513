import { useState } from 'react';

import type { PageContext } from '@/api-client/copilot-types';
import { ApiError } from '@/api-client/http';
import { Button, IconButton } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { formatTime } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';

import { readQuestion, type Attachment } from '../attachments';
import { broughtBy } from '../held';
import { isRunning } from '../live-answer';
import { contextWords } from '../page-context';
import { keptAnswer, liveAnswer } from '../shown-answer';
import type { Turn } from '../turns';

import { AnswerActions } from './answer-actions';
import { AnswerView } from './answer-view';
import { AttachmentChips } from './attachment-chips';

interface Props {
  turn: Turn;
  isLast: boolean;
  isBusy: boolean;
  isWide: boolean;
  onOpen?: () => void;
  /** Asks what may follow, with what came with the question. */
  onAsk: (text: string, brought: readonly Attachment[]) => void;
  onAgain: (turn: Turn) => void;
}

/** What came with a question is held by the page that asked it, and by nothing else. */
const NOT_HELD = 'What was attached is not kept: ask anew, with it attached';

/** One question and what was answered. */
export function TurnView({ turn, isLast, isBusy, isWide, onOpen, onAsk, onAgain }: Props) {
  const { question, answers, live } = turn;
  const [chosen, setChosen] = useState<number>();
  const shown = Math.min(chosen ?? answers.length - 1, answers.length - 1);
  const message = live ? undefined : answers[shown];
  const { words } = readQuestion(question?.text ?? live?.text ?? '');
  const { names, attachments } = broughtBy(turn);
  const cannotAgain = attachments ? undefined : NOT_HELD;
  const again = (
    <Button icon="refresh" disabled={isBusy || !attachments} title={cannotAgain} onClick={() => onAgain(turn)}>
      Ask again
    </Button>
  );
  return (
    <article aria-label={words} className="space-y-3">
      <Question text={words} attached={attachments?.length ? attachments : names.map((name) => ({ name }))} page={question?.page ?? live?.page ?? {}} />
      {live && (
        <AnswerView answer={liveAnswer(live)} isRunning={isRunning(live)} {...{ isWide, onOpen }}>
          {live.problem && <Failure error={new ApiError(live.problem)} retry={() => onAgain(turn)} />}
          {live.phase === 'stopped' && again}
        </AnswerView>
      )}
      {message?.answer && (
        <AnswerView key={message.id} answer={keptAnswer(message.answer)} {...{ isWide, onOpen }}>
          <div className="flex flex-wrap items-start gap-x-3">
            <AnswerActions {...{ message, isBusy, cannotAgain }} onAgain={() => onAgain(turn)} />
            {answers.length > 1 && <Versions count={answers.length} shown={shown} onShow={setChosen} />}
          </div>
          {isLast && <FollowUps questions={message.answer.follow_ups} isBusy={isBusy} cannotAsk={cannotAgain} onAsk={(text) => onAsk(text, attachments ?? [])} />}
        </AnswerView>
      )}
      {!live && answers.length === 0 && (
        <p className="flex items-center gap-3 text-sm text-soft">
          It was not answered.
          {again}
        </p>
      )}
    </article>
  );
}

function Question({ text, attached, page }: { text: string; attached: readonly { name: string; bytes?: number }[]; page: PageContext }) {
  const [zone] = useZone();
  const about = contextWords(page, (time) => formatTime(time, zone, false));
  return (
    <div className="ml-auto w-fit max-w-[85%] rounded-lg bg-chosen px-3 py-2">
      <p className="break-words whitespace-pre-wrap">
        <bdi>{plain(text)}</bdi>
      </p>
      <AttachmentChips items={attached} className="mt-1.5" />
      {about.length > 0 && <p className="mt-0.5 text-xs break-words text-soft">about {plain(about.join(', '))}</p>}
    </div>
  );
}

function Versions({ count, shown, onShow }: { count: number; shown: number; onShow: (index: number) => void }) {
  return (
    <span role="group" aria-label="Answers to this question" className="flex items-center text-xs text-soft tabular-nums">
      <IconButton label="Earlier answer" icon="right" iconClass="size-3 rotate-180" className="size-7!" disabled={shown === 0} onClick={() => onShow(shown - 1)} />
      {shown + 1} of {count}
      <IconButton label="Later answer" icon="right" iconClass="size-3" className="size-7!" disabled={shown === count - 1} onClick={() => onShow(shown + 1)} />
    </span>
  );
}

interface FollowUpsProps {
  questions: readonly string[];
  isBusy: boolean;
  cannotAsk?: string;
  onAsk: (text: string) => void;
}

function FollowUps({ questions, isBusy, cannotAsk, onAsk }: FollowUpsProps) {
  if (questions.length === 0) return null;
  return (
    <ul aria-label="Questions that may follow" className="flex flex-wrap gap-1.5">
      {questions.map((question) => (
        <li key={question} className="max-w-full">
          <button type="button" disabled={isBusy || cannotAsk !== undefined} title={cannotAsk} onClick={() => onAsk(question)} className="max-w-full rounded-full border border-line bg-surface px-3 py-1 text-left text-sm break-words text-soft hover:border-line-strong hover:text-ink disabled:opacity-50">
            {plain(question)}
          </button>
        </li>
      ))}
    </ul>
  );
}
