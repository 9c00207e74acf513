import { useRef, type KeyboardEvent } from 'react';

import { lineRange, type Mistake } from '../yaml-places';

interface Props {
  label: string;
  text: string;
  mistakes: readonly Mistake[];
  onChange: (text: string) => void;
  /** Ctrl+S. */
  onSave: () => void;
}

const LINES_MIN = 14;

/** Text with numbered lines; what is wrong is marked on its line and said below. */
export function CodeEditor({ label, text, mistakes, onChange, onSave }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const lines = text.split('\n').length;
  const wrong = new Set(mistakes.map(({ line }) => line));
  const jump = (line: number) => {
    const [start, end] = lineRange(text, line);
    area.current?.focus();
    area.current?.setSelectionRange(start, end);
  };
  const onKey = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 's' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onSave();
    }
  };
  return (
    <div className="space-y-2">
      <div className={`flex overflow-x-auto rounded-md border bg-sunken font-mono text-xs leading-5 focus-within:border-accent ${mistakes.length > 0 ? 'border-danger' : 'border-line-strong'}`}>
        <div aria-hidden="true" className="sticky left-0 z-10 shrink-0 border-r border-line bg-sunken py-2 text-right text-faint select-none">
          {Array.from({ length: Math.max(lines, LINES_MIN) }, (_, index) => (
            <div key={index} className={`min-w-9 px-2 ${wrong.has(index + 1) ? 'bg-danger-fill font-semibold text-white' : ''}`}>
              {index < lines ? index + 1 : ' '}
            </div>
          ))}
        </div>
        <div className="relative grid min-w-0 flex-1">
          {/* What is wrong is coloured behind the text, which the browser draws at the same places. */}
          <div aria-hidden="true" className="pointer-events-none absolute inset-x-0 top-2">
            {[...wrong].map((line) => line !== undefined && <div key={line} className="absolute inset-x-0 h-5 bg-(--diff-remove)" style={{ top: `${(line - 1) * 1.25}rem` }} />)}
          </div>
          <textarea
            ref={area}
            aria-label={label}
            aria-invalid={mistakes.length > 0}
            aria-describedby="mistakes"
            rows={Math.max(lines, LINES_MIN)}
            wrap="off"
            spellCheck={false}
            autoCapitalize="off"
            autoComplete="off"
            value={text}
            onChange={(event) => onChange(event.target.value)}
            onKeyDown={onKey}
            className="relative block w-full resize-none overflow-x-auto overflow-y-hidden bg-transparent px-3 py-2 text-ink outline-none"
          />
        </div>
      </div>
      <ul id="mistakes" className="space-y-1 text-sm empty:hidden">
        {mistakes.map(({ line, text: said }, index) => (
          <li key={index} role="alert" className="flex gap-2 text-danger">
            {line !== undefined && (
              <button type="button" className="shrink-0 self-start font-medium underline" onClick={() => jump(line)}>
                Line {line}
              </button>
            )}
            <span className="min-w-0 [overflow-wrap:anywhere]">{said.replace(/^line \d+(?: column \d+)?: /, '')}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
