import { useEffect, useRef, useState } from 'react';

import { IconButton } from '@/components/ui/button';
import { closeAsk, showInAsk, takeText, useAskPanel } from '@/lib/ask';
import { PAGES } from '@/lib/pages';
import { useGo } from '@/lib/use-go';
import { useMedia } from '@/lib/use-media';

import { useTalk } from '../use-talk';

import { Conversation } from './conversation';
import { usePageContext } from './use-page-context';

/** The copilot beside any page, asked about what is open there; over it where there is no room. */
export default function AskPanel() {
  const { thread, text } = useAskPanel();
  const page = usePageContext();
  const go = useGo();
  const covering = useMedia('(max-width: 639px)');
  const panel = useRef<HTMLElement>(null);
  const talk = useTalk(thread, showInAsk);
  const { ask } = talk;
  // Read before the field of questions takes the focus.
  const [before] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      if (before instanceof HTMLElement) before.focus();
    },
    [before],
  );
  useEffect(() => {
    const wish = text === undefined ? undefined : takeText();
    if (wish !== undefined) void ask(wish, page);
  }, [text, ask, page]);
  const enlarge = () => {
    closeAsk();
    go(PAGES.copilot, { thread });
  };
  return (
    <aside
      ref={panel}
      tabIndex={-1}
      aria-label="Copilot"
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || event.defaultPrevented) return;
        event.stopPropagation();
        closeAsk();
      }}
      className="fixed inset-0 z-40 flex flex-col border-l border-line bg-surface focus-visible:outline-none sm:left-auto sm:w-[26rem] sm:shadow-2xl sm:shadow-black/25 lg:static lg:z-auto lg:w-[24rem] lg:shrink-0 lg:shadow-none"
    >
      <header className="flex min-h-10 shrink-0 items-center gap-1 border-b border-line px-4 py-1">
        <h2 className="min-w-0 flex-1 truncate text-sm font-semibold">{talk.title && talk.turns.length > 0 ? talk.title : 'Copilot'}</h2>
        <IconButton label="New conversation" icon="plus" onClick={() => showInAsk(undefined)} disabled={thread === undefined} />
        <IconButton label="Open as a page" icon="external" onClick={enlarge} />
        <IconButton label="Close the copilot" icon="close" className="-mr-2" onClick={closeAsk} />
      </header>
      <div className="min-h-0 flex-1">
        <Conversation key={thread ?? 'new'} talk={talk} page={page} onOpen={covering ? closeAsk : undefined} />
      </div>
    </aside>
  );
}
