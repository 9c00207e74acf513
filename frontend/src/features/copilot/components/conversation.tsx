import { useEffect, useRef } from 'react';

import type { PageContext } from '@/api-client/copilot-types';
import { ApiError } from '@/api-client/http';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';

import { ATTACHED_QUESTIONS, firstQuestions } from '../page-context';
import type { Talk } from '../use-talk';

import { Composer } from './composer';
import { StatusLine } from './status-line';
import { TurnView } from './turn-view';
import { useAttachments } from './use-attachments';

/** Nearer to the end than this, one reads along. */
const NEAR_PX = 80;

interface Props {
  talk: Talk;
  page: PageContext;
  isWide?: boolean;
  onOpen?: () => void;
}

/** Questions and answers, and where the next question is written. */
export function Conversation({ talk, page, isWide = false, onOpen }: Props) {
  const { turns, isRunning, isBusy, beginError, ask, again, stop } = talk;
  const attaching = useAttachments();
  const { attached } = attaching;
  /** Asks with what is attached, and is about the page only where nothing is. */
  const send = async (text: string, about?: PageContext) => {
    attaching.clear();
    const isAsked = await ask(text, attached.length > 0 ? undefined : about, attached);
    if (!isAsked) attaching.restore(attached);
    return isAsked;
  };
  const place = useRef<HTMLDivElement>(null);
  const follows = useRef(true);
  const count = turns.length;
  useEffect(() => {
    const [box, inner] = [place.current, place.current?.firstElementChild];
    if (!box || !inner) return undefined;
    // A new question is read along from its beginning; charts grow after the sentences have come.
    follows.current = true;
    const observer = new ResizeObserver(() => {
      if (follows.current) box.scrollTop = box.scrollHeight;
    });
    observer.observe(inner);
    return () => observer.disconnect();
  }, [count]);
  return (
    <div className="flex h-full min-h-0 flex-col">
      <div
        ref={place}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          follows.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
        }}
        role="log"
        aria-label="Conversation"
        tabIndex={0}
        className="min-h-0 flex-1 overflow-y-auto focus-visible:-outline-offset-2"
      >
        <div className={`mx-auto space-y-6 px-4 py-4 ${isWide ? 'max-w-6xl' : 'max-w-3xl'}`}>
          <h2 className="sr-only">Questions and answers</h2>
          <Beginning talk={talk} questions={attached.length > 0 ? ATTACHED_QUESTIONS : firstQuestions(page)} onAsk={(text) => void send(text, page)} />
          {turns.map((turn, index) => (
            <TurnView key={index} turn={turn} isLast={index === count - 1} isBusy={isBusy || isRunning} {...{ isWide, onOpen }} onAsk={(text, brought) => void ask(text, brought.length > 0 ? undefined : page, brought)} onAgain={again} />
          ))}
        </div>
      </div>
      <div className="mx-auto w-full max-w-6xl shrink-0">
        {beginError && !isBusy && <Failure error={beginError} />}
        <Composer {...{ page, attaching, isRunning, isBusy }} onAsk={send} onStop={stop} />
      </div>
    </div>
  );
}

/** What stands where there is no question yet. */
function Beginning({ talk: { turns, thread, isLoading, error, reload, isBusy }, questions, onAsk }: { talk: Talk; questions: readonly string[]; onAsk: (text: string) => void }) {
  if (turns.length > 0) return null;
  if (error instanceof ApiError && error.status === 404) return <Empty icon="ask" title="This conversation is not kept any more" />;
  if (error) return <Failure error={error} retry={reload} />;
  if (isLoading) return <SkeletonLines count={8} label="Loading the conversation" />;
  return (
    <Empty
      icon="ask"
      title={thread ? 'Nothing was asked here yet' : 'What do you want to know?'}
      actions={questions.map((question) => (
        <Button key={question} disabled={isBusy} className="h-auto! max-w-full py-1 whitespace-normal!" onClick={() => onAsk(question)}>
          {question}
        </Button>
      ))}
    >
      Every sentence of an answer names the facts that it rests on, and each opens where it can be looked at.
      <StatusLine />
    </Empty>
  );
}
