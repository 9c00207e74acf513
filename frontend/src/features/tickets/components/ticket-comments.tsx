import { useId, useState, type FormEvent, type KeyboardEvent } from 'react';

import type { TicketDetail } from '@/api-client/types';
import { Part } from '@/components/part';
import { Button } from '@/components/ui/button';
import { inputClass } from '@/components/ui/field';
import { Moment } from '@/components/ui/moment';
import { trackerName } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

import { useActOnTicket } from '../api/act-on-ticket';

import { TicketText } from './ticket-text';

const MAX = 10_000;

/** What was said on a ticket, and a way to say something. */
export function TicketComments({ ticket }: { ticket: TicketDetail }) {
  const now = useNow(5);
  const isBuiltIn = ticket.tracker === 'built_in';
  return (
    <Part title="Comments">
      {isBuiltIn && ticket.comments.length === 0 && <p className="text-sm text-faint">Nothing was said yet.</p>}
      {ticket.comments.length > 0 && (
        <ol aria-label="Comments" className="space-y-2">
          {ticket.comments.map((comment, index) => (
            <li key={index} className="rounded-md border border-line px-3 py-2">
              <p className="mb-1 flex flex-wrap gap-x-2 text-xs text-faint">
                <span className="font-medium text-soft">{comment.author === 'system' ? 'Tocsin' : comment.author}</span>
                <Moment time={comment.at} now={now} />
              </p>
              <TicketText text={comment.text} />
            </li>
          ))}
        </ol>
      )}
      {!isBuiltIn && <p className="text-sm text-soft">Comments are kept in {trackerName(ticket.tracker)}; what is written here is told to it.</p>}
      <CommentForm ticket={ticket.id} />
    </Part>
  );
}

function CommentForm({ ticket }: { ticket: string }) {
  const [text, setText] = useState('');
  const act = useActOnTicket(ticket);
  const hint = useId();
  const send = () => {
    if (text.trim() === '' || act.isPending) return;
    act.mutate({ action: 'comment', text: text.trim() }, { onSuccess: () => setText('') });
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send();
  };
  return (
    <form onSubmit={submit} className="mt-3 space-y-2">
      <label className="block text-xs text-soft">
        <span className="sr-only">Comment</span>
        <textarea
          rows={3}
          maxLength={MAX}
          placeholder="What is known, or was done"
          aria-describedby={hint}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKeyDown}
          className={`${inputClass} h-auto! py-1.5`}
        />
      </label>
      <span className="flex items-center gap-3">
        <Button type="submit" disabled={text.trim() === '' || act.isPending}>
          Comment
        </Button>
        <span id={hint} className="text-xs text-faint max-sm:sr-only">
          Ctrl+Enter sends it.
        </span>
      </span>
    </form>
  );
}
