import { useState, type FormEvent } from 'react';

import type { Message, Verdict } from '@/api-client/copilot-types';
import { Button, IconButton } from '@/components/ui/button';
import { CopyButton } from '@/components/ui/copy-button';
import { FormText } from '@/components/ui/form-field';

import { useSendFeedback } from '../api/send-feedback';
import { answerText, keptAnswer } from '../shown-answer';

interface Props {
  message: Message;
  isBusy: boolean;
  /** Why it cannot be asked again. */
  cannotAgain?: string;
  onAgain: () => void;
}

const SMALL = { iconClass: 'size-3.5', className: 'size-7!' };

/** What can be done with an answer: copied, asked for again, judged. */
export function AnswerActions({ message, isBusy, cannotAgain, onAgain }: Props) {
  const [commenting, setCommenting] = useState(false);
  const send = useSendFeedback();
  const judge = (verdict: Verdict) => {
    const isBack = message.feedback === verdict;
    send.mutate({ message: message.id, thread: message.thread, feedback: isBack ? null : verdict });
    setCommenting(!isBack);
  };
  const look = (verdict: Verdict) => ({ 'aria-pressed': message.feedback === verdict, ...SMALL, className: `size-7! ${message.feedback === verdict ? 'bg-chosen text-accent!' : ''}` });
  return (
    <div>
      <div role="group" aria-label="About this answer" className="-ml-1.5 flex items-center">
        {message.answer && <CopyButton text={answerText(keptAnswer(message.answer))} label="Copy the answer" className="size-7!" />}
        <IconButton label="Ask again" icon="refresh" {...SMALL} disabled={isBusy || cannotAgain !== undefined} title={cannotAgain ?? 'Ask again'} onClick={onAgain} />
        <IconButton label="It helped" icon="thumbUp" {...look('up')} disabled={send.isPending} onClick={() => judge('up')} />
        <IconButton label="It did not help" icon="thumbDown" {...look('down')} disabled={send.isPending} onClick={() => judge('down')} />
        {message.comment && !commenting && <span className="ml-1.5 min-w-0 truncate text-xs text-faint">“{message.comment}”</span>}
      </div>
      {commenting && message.feedback && (
        <CommentForm
          key={message.feedback}
          comment={message.comment ?? ''}
          onComment={(comment) => send.mutate({ message: message.id, thread: message.thread, feedback: message.feedback ?? null, comment }, { onSuccess: () => setCommenting(false) })}
          onClose={() => setCommenting(false)}
        />
      )}
    </div>
  );
}

function CommentForm({ comment, onComment, onClose }: { comment: string; onComment: (comment: string) => void; onClose: () => void }) {
  const [text, setText] = useState(comment);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onComment(text.trim());
  };
  return (
    <form onSubmit={submit} className="mt-1 max-w-md space-y-2">
      <FormText label="What was good, or wrong, about it (may stay empty)" maxLength={2000} value={text} onChange={(event) => setText(event.target.value)} />
      <div className="flex gap-2">
        <Button type="submit" disabled={text.trim() === comment}>
          Send
        </Button>
        <Button look="quiet" onClick={onClose}>
          Not now
        </Button>
      </div>
    </form>
  );
}
