import { useLayoutEffect, useRef, useState, type ClipboardEvent, type KeyboardEvent } from 'react';

import type { PageContext } from '@/api-client/copilot-types';
import { Button, IconButton } from '@/components/ui/button';
import { inputClass } from '@/components/ui/field';
import { formatTime } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';

import { isRatherAttached, PASTED_NAME } from '../attachments';
import { contextWords } from '../page-context';

import { AttachmentChips } from './attachment-chips';
import type { Attaching } from './use-attachments';
import { useFileDrop } from './use-file-drop';

/** As much as the server takes. */
const QUESTION_BYTES_MAX = 8192;
const HEIGHT_PX_MAX = 180;
const LINE = 'mb-1.5 text-xs text-soft';

interface Props {
  /** What the page is about; a person may ask without it. */
  page: PageContext;
  attaching: Attaching;
  isRunning: boolean;
  isBusy: boolean;
  /** Says whether it could be asked: what could not stays to be sent again. */
  onAsk: (text: string, page?: PageContext) => Promise<boolean>;
  onStop: () => void;
}

/** Where a question is written. */
export function Composer({ page, attaching, isRunning, isBusy, onAsk, onStop }: Props) {
  const [text, setText] = useState('');
  const [left, setLeft] = useState<string>();
  const [pasted, setPasted] = useState('');
  const [zone] = useZone();
  const field = useRef<HTMLTextAreaElement>(null);
  const { isOver, dropping } = useFileDrop((files) => void attaching.addFiles(files));
  const { attached, refused } = attaching;
  // What is attached is all that is looked at then.
  const about = attached.length > 0 ? [] : contextWords(page, (time) => formatTime(time, zone, false));
  const key = JSON.stringify(page);
  const isAbout = about.length > 0 && left !== key;
  const isLong = new TextEncoder().encode(text).length > QUESTION_BYTES_MAX;
  const canAsk = text.trim() !== '' && !isLong && !isRunning && !isBusy && !attaching.isReading;

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
  const onPaste = (event: ClipboardEvent) => {
    const { files } = event.clipboardData;
    // As the field writes the ends of lines.
    const words = event.clipboardData.getData('text/plain').replace(/\r\n?/g, '\n');
    if (words === '' && files.length > 0) {
      event.preventDefault();
      void attaching.addFiles([...files]);
    } else if (isRatherAttached(words)) setPasted(words);
  };
  const attachPasted = () => {
    if (!attaching.addText(PASTED_NAME, pasted)) return;
    setText(text.replace(pasted, () => '').trim());
    setPasted('');
    field.current?.focus();
  };
  return (
    <form
      aria-label="Ask"
      {...dropping}
      onSubmit={(event) => {
        event.preventDefault();
        void ask();
      }}
      className={`relative shrink-0 border-t border-line bg-surface px-3 py-2.5 ${isOver ? 'ring-2 ring-accent ring-inset' : ''}`}
    >
      {isOver && <p className="pointer-events-none absolute inset-0.5 z-10 grid place-items-center bg-surface/90 text-sm font-medium text-accent">Drop to attach</p>}
      <AttachmentChips items={attached} onRemove={attaching.remove} className="mb-1.5" />
      {attached.length > 0 && <p className={LINE}>The answer comes from what is attached, and from nothing else.</p>}
      {refused.length > 0 && (
        <div role="alert" className="mb-1.5 space-y-0.5 text-xs break-words text-danger">
          {refused.map((why, index) => (
            <p key={index}>{plain(why)}</p>
          ))}
        </div>
      )}
      {pasted !== '' && text.includes(pasted) && (
        <p role="status" className={LINE}>
          Much was pasted.{' '}
          <button type="button" onClick={attachPasted} className="text-accent hover:underline">
            Attach it as {PASTED_NAME}
          </button>
        </p>
      )}
      {isAbout && (
        <p className={`${LINE} flex items-center gap-1`}>
          <span className="min-w-0 truncate" title={about.join(', ')}>
            About {about.join(', ')}
          </span>
          <IconButton label="Ask without the page" icon="close" iconClass="size-3" className="size-5!" onClick={() => setLeft(key)} />
        </p>
      )}
      {about.length > 0 && !isAbout && (
        <p className={LINE}>
          <button type="button" onClick={() => setLeft(undefined)} className="text-accent hover:underline">
            Ask about this page
          </button>
        </p>
      )}
      <div className="flex items-end gap-2">
        <AttachButton onFiles={(files) => void attaching.addFiles(files)} />
        <textarea
          ref={field}
          autoFocus
          rows={1}
          aria-label="Question"
          placeholder={attached.length > 0 ? 'Ask about what is attached' : 'Ask what happened and why'}
          value={text}
          aria-invalid={isLong}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={onKey}
          onPaste={onPaste}
          className={`${inputClass} resize-none py-1.5`}
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

function AttachButton({ onFiles }: { onFiles: (files: File[]) => void }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton label="Attach files" icon="attach" look="plain" onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be chosen again.
          currentTarget.value = '';
        }}
      />
    </>
  );
}
