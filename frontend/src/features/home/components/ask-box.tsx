import { useState, type FormEvent } from 'react';

import type { Stats } from '@/api-client/types';
import { Button } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { openAsk } from '@/lib/ask';
import { PAGES } from '@/lib/pages';
import { useGo } from '@/lib/use-go';

const EXAMPLES = ['which disk is failing', 'somebody is guessing passwords', 'a service could not start', 'running out of memory', 'connection to the database lost'];

/** A question in plain words about all logs. */
export function AskBox({ stats }: { stats?: Stats }) {
  const [text, setText] = useState('');
  const go = useGo();
  const semantic = stats?.semantic.available ?? true;
  const ask = (q: string) => go(PAGES.search, { q, mode: semantic ? 'hybrid' : undefined });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    ask(text.trim());
  };
  return (
    <form role="search" onSubmit={submit}>
      <div className="flex gap-2">
        <div className="relative flex-1">
          <Icon name="search" className="pointer-events-none absolute top-3 left-3.5 size-5 text-faint" />
          <input
            aria-label="Ask the logs in plain words"
            placeholder="Ask the logs in plain words"
            value={text}
            onChange={(event) => setText(event.target.value)}
            autoComplete="off"
            className="h-11 w-full rounded-lg border border-line-strong bg-surface pr-3 pl-11 text-base focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0"
          />
        </div>
        <Button type="submit" look="primary" className="h-11! px-5!">
          Ask
        </Button>
        <Button icon="ask" title="An answer with its evidence, beside the page" className="h-11!" onClick={() => openAsk({ text: text.trim() || undefined })}>
          <span className="max-sm:sr-only">Ask the copilot</span>
        </Button>
      </div>
      {semantic ? (
        <p className="mt-2 flex flex-wrap items-center gap-x-1.5 gap-y-1 text-xs text-faint">
          For example
          {EXAMPLES.map((example) => (
            <button key={example} type="button" onClick={() => ask(example)} className="rounded-full border border-line bg-surface px-2.5 py-0.5 text-soft hover:border-line-strong hover:text-ink">
              {example}
            </button>
          ))}
        </p>
      ) : (
        <p role="status" className="mt-2 text-xs text-(--warn-text)">
          Search by meaning is off; words are found exactly. {stats?.semantic.remedy}
        </p>
      )}
    </form>
  );
}
