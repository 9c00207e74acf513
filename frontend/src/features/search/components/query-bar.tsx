import { useRef, useState, type FormEvent } from 'react';

import { Button } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { Segmented } from '@/components/ui/segmented';
import { useAnchor } from '@/lib/anchor';
import { useShortcuts } from '@/lib/shortcuts';
import { useView } from '@/lib/use-view';
import type { SearchMode } from '@/lib/view';

import { QueryHelp } from './query-help';

const MODES: { value: SearchMode; label: string; hint: string }[] = [
  { value: 'text', label: 'Text', hint: 'Lines that hold these words exactly' },
  { value: 'semantic', label: 'Semantic', hint: 'Lines that mean this, whatever their words' },
  { value: 'hybrid', label: 'Hybrid', hint: 'Both: exact words and meaning, ranked together' },
];

const PLACEHOLDERS: Record<SearchMode, string> = {
  text: 'Words, "a phrase", -not, prefix*, field:value',
  semantic: 'Describe what you are looking for, e.g. the payment provider is down',
  hybrid: 'Ask in plain words, or with an identifier in them',
};

/** The question and how it is meant. */
export function QueryBar({ notice }: { notice?: string | null }) {
  const [view, setView] = useView();
  const { refresh } = useAnchor();
  const [draft, setDraft] = useState({ from: view.q, text: view.q ?? '' });
  if (draft.from !== view.q) setDraft({ from: view.q, text: view.q ?? '' });
  const input = useRef<HTMLInputElement>(null);
  useShortcuts({ '/': () => input.current?.select() });
  const mode = view.mode ?? 'text';

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const q = draft.text.trim();
    if (q === (view.q ?? '')) refresh();
    setView({ q });
  };

  return (
    <form role="search" onSubmit={submit} className="px-3 pt-3 pb-2 md:px-4">
      <div className="flex flex-wrap items-center gap-2">
        <Segmented label="Search mode" value={mode} choices={MODES} onChange={(next) => setView({ mode: next === 'text' ? undefined : next, q: draft.text.trim() })} />
        <div className="relative order-first min-w-0 basis-full md:order-none md:flex-1 md:basis-0">
          <Icon name="search" className="pointer-events-none absolute top-2 left-2.5 size-4 text-faint" />
          <input
            ref={input}
            aria-label="Search the logs"
            value={draft.text}
            onChange={(event) => setDraft({ from: view.q, text: event.target.value })}
            onKeyDown={(event) => event.key === 'Escape' && event.currentTarget.blur()}
            placeholder={PLACEHOLDERS[mode]}
            spellCheck={false}
            autoComplete="off"
            className="h-8 w-full rounded-md border border-line-strong bg-surface pr-9 pl-8 font-mono text-sm focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0"
          />
          <QueryHelp />
        </div>
        <Button type="submit" look="primary">
          Search
        </Button>
      </div>
      <p className={`mt-1.5 text-xs text-faint ${notice ? '' : 'max-md:hidden'}`}>
        {notice ? (
          <span role="status" className="text-(--warn-text)">
            {notice}
          </span>
        ) : (
          MODES.find(({ value }) => value === mode)?.hint
        )}
      </p>
    </form>
  );
}
