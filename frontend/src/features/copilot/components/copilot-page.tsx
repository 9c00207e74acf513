import { useState } from 'react';

import { apiUrl } from '@/api-client/http';
import { Button, buttonClass } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { ViewLink } from '@/components/view-link';
import { openAsk } from '@/lib/ask';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { useMedia } from '@/lib/use-media';
import { useView } from '@/lib/use-view';

import { useTalk } from '../use-talk';

import { Conversation } from './conversation';
import { ThreadList } from './thread-list';

const NOTHING = {};

/** The copilot as a page: all conversations, and one of them with what its answers rest on beside. */
export default function CopilotPage() {
  const [{ thread }, setView] = useView();
  const [listing, setListing] = useState(false);
  const docked = useMedia('(min-width: 1024px)');
  const isWide = useMedia('(min-width: 1280px)');
  const talk = useTalk(thread, (id) => setView({ thread: id }, { replace: true }));
  return (
    <div className="flex h-full min-h-0">
      {docked && (
        <div className="w-64 shrink-0 border-r border-line bg-surface">
          <ThreadList />
        </div>
      )}
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="flex min-h-12 shrink-0 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line bg-surface px-4 py-1.5">
          <h1 className="min-w-0 flex-1 truncate text-base font-semibold">{talk.title ? plain(talk.title) : 'Copilot'}</h1>
          {!docked && (
            <Button icon={listing ? 'up' : 'down'} aria-expanded={listing} onClick={() => setListing(!listing)}>
              Conversations
            </Button>
          )}
          {thread && talk.turns.length > 0 && (
            <a href={apiUrl(`copilot/threads/${encodeURIComponent(thread)}/export`)} download="tocsin-conversation.md" className={buttonClass()}>
              <Icon name="download" />
              <span className="max-sm:sr-only">Markdown</span>
            </a>
          )}
          <ViewLink to={PAGES.digest} className="text-sm text-accent hover:underline max-sm:sr-only">
            Daily digest
          </ViewLink>
        </header>
        <div className="min-h-0 flex-1">
          {!docked && listing ? (
            <ThreadList onOpen={() => setListing(false)} />
          ) : (
            // What is opened from here takes the place of this page; the conversation goes on beside it.
            <Conversation key={thread ?? 'new'} talk={talk} page={NOTHING} isWide={isWide} onOpen={docked ? () => openAsk({ thread }) : undefined} />
          )}
        </div>
      </div>
    </div>
  );
}
