import { useEffect } from 'react';

import { Button, IconButton } from '@/components/ui/button';
import { Icon } from '@/components/ui/icon';
import { Kbd } from '@/components/ui/kbd';
import { toggleAsk, useAskPanel } from '@/lib/ask';
import { PAGES, RUN } from '@/lib/pages';
import { METRICS_FROM } from '@/lib/time-range';
import { useUnseen } from '@/lib/unseen';
import { usePath } from '@/lib/use-path';
import { useView } from '@/lib/use-view';

import { AREAS } from './areas';
import { RefreshControl } from './refresh-control';
import { ThemeMenu } from './theme-menu';
import { TimePicker } from './time-picker';

interface Props {
  onMenu: () => void;
  onPalette: () => void;
  onHelp: () => void;
}

const RANGED: string[] = [PAGES.alerts, PAGES.search, PAGES.patterns, PAGES.metrics, PAGES.changes, PAGES.digest];
const isMac = /Mac|iP(hone|ad)/.test(navigator.userAgent);

/** The bar above every page: where one is, the time range where it matters, and the tools. */
export function TopBar({ onMenu, onPalette, onHelp }: Props) {
  const open = usePath();
  const path = open === RUN ? PAGES.automation : open;
  const page = AREAS.flatMap((area) => area.pages.map((entry) => ({ ...entry, area: area.title }))).find((entry) => entry.to === path);
  const unseen = useUnseen();
  const [{ view }] = useView();
  const asking = useAskPanel().isOpen;
  useEffect(() => {
    const title = page && page.to !== PAGES.home ? `${page.label} · Tocsin` : 'Tocsin';
    document.title = unseen > 0 ? `(${unseen}) ${title}` : title;
  }, [page, unseen]);
  const ranged = RANGED.includes(path) || (path === PAGES.tickets && view === 'decisions') || (open === PAGES.automation && view === 'runs');
  return (
    <header className="flex h-12 shrink-0 items-center gap-1.5 border-b border-line bg-surface px-2 md:px-3">
      <IconButton label="Open the navigation" icon="menu" className="lg:hidden" onClick={onMenu} />
      <p className="mr-auto hidden truncate px-1 text-sm sm:block">
        {page?.area && <span className="text-faint">{page.area} / </span>}
        <span className="font-medium">{page?.label}</span>
      </p>
      <div className="ml-auto flex min-w-0 items-center gap-1.5">
        {ranged && <TimePicker standard={path === PAGES.metrics || path === PAGES.digest ? METRICS_FROM : undefined} />}
        {/* A model may be paid for a digest: it is not written again by itself. */}
        {ranged && path !== PAGES.digest && <RefreshControl />}
        {path !== PAGES.copilot && (
          <>
            <Button icon="ask" aria-expanded={asking} title="Ask the copilot about this page (i)" className="max-xl:hidden" onClick={toggleAsk}>
              Ask about this
            </Button>
            <IconButton label="Ask about this" icon="ask" look="plain" aria-expanded={asking} className="xl:hidden" onClick={toggleAsk} />
          </>
        )}
        <button
          type="button"
          onClick={onPalette}
          aria-label="Open the command palette"
          className="hidden h-8 items-center gap-2 rounded-md border border-line bg-surface px-2.5 text-sm text-faint hover:border-line-strong hover:text-ink md:flex"
        >
          <Icon name="command" />
          <span className="hidden xl:inline">Commands</span>
          <Kbd>{isMac ? '⌘ K' : 'Ctrl K'}</Kbd>
        </button>
        <IconButton label="Commands" icon="command" className="md:hidden" onClick={onPalette} />
        <ThemeMenu />
        <IconButton label="Keyboard shortcuts" icon="help" className="max-sm:hidden" onClick={onHelp} />
      </div>
    </header>
  );
}
