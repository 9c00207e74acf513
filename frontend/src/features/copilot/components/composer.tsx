import { useLayoutEffect, useRef, useState, type KeyboardEvent } from 'react';

import type { PageContext } from '@/api-client/copilot-types';
import { Button, IconButton } from '@/components/ui/button';
import { inputClass } from '@/components/ui/field';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { contextWords } from '../page-context';

/** As much as the server takes. */
const QUESTION_BYTES_MAX = 8192;
const HEIGHT_PX_MAX = 180;

interface Props {
  /** What the page is about; a person may ask without it. */
  page: PageContext;
  isRunning: boolean;
  isBusy: boolean;
  /** Says whether it could be asked: what could not stays to be sent again. */
  onAsk: (text: string, page?: PageContext) => Promise<boolean>;
  onStop: () => void;
}

/** Where a question is written. */
export function Composer({ page, isRunning, isBusy, onAsk, onStop }: Props) {
  const [text, setText] = useState('');
  const [left, setLeft] = useState<string>();
  const [zone] = useZone();
  const field = useRef<HTMLTextAreaElement>(null);
  const about = contextWords(page, (time) => formatTime(time, zone, false));
  const key = JSON.stringify(page);
  const isAbout = about.length > 0 && left !== key;
  const isLong = new TextEncoder().encode(text).length > QUESTION_BYTES_MAX;
  const canAsk = text.trim() !== '' && !isLong && !isRunning && !isBusy;

  useLayoutEffect(() => {
    const area = field.current;
    if (!area) return;
    area.style.height = 'auto';
    area.style.height = `${Math.min(HEIGHT_PX_MAX, area.scrollHeight + 2)}px`;
  }, [text]);

  const ask = async () => {
    if (!canAsk) return;
    setText('');
    // What was written meanwhile is the reader's.
    if (!(await onAsk(text.trim(), isAbout ? page : undefined))) setText((now) => now || text);
  };
  const onKey = (event: KeyboardEvent) => {
    // Enter also ends a composition of letters, and is not for us then.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    void ask();
  };
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
      className="shrink-0 border-t border-line bg-surface px-3 py-2.5"
    >
      {isAbout && (
        <p className="mb-1.5 flex items-center gap-1 text-xs text-soft">
          <span className="min-w-0 truncate" title={about.join(', ')}>
            About {about.join(', ')}
          </span>
          <IconButton label="Ask without the page" icon="close" iconClass="size-3" className="size-5!" onClick={() => setLeft(key)} />
        </p>
      )}
      {about.length > 0 && !isAbout && (
        <p className="mb-1.5 text-xs">
          <button type="button" onClick={() => setLeft(undefined)} className="text-accent hover:underline">
            Ask about this page
          </button>
        </p>
      )}
      <div className="flex items-end gap-2">
        <textarea
          ref={field}
          autoFocus
          rows={1}
          aria-label="Question"
          placeholder="Ask what happened and why"
          value={text}
          aria-invalid={isLong}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKey}
          className={`${inputClass} h-auto! resize-none py-1.5`}
        />
        {isRunning ? (
          <Button icon="stop" onClick={onStop}>
            Stop
          </Button>
        ) : (
          <Button type="submit" look="primary" icon="send" disabled={!canAsk}>
            Send
          </Button>
        )}
      </div>
      {isLong && (
        <p role="alert" className="mt-1 text-xs text-danger">
          The question is longer than 8 kB.
        </p>
      )}
    </form>
  );
}
