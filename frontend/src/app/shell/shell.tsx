import { Outlet } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';

import { Toasts } from '@/components/ui/toasts';
import { AnchorProvider } from '@/lib/anchor';
import { useAskPanel } from '@/lib/ask';
import { PAGES } from '@/lib/pages';
import { useApplyTheme } from '@/lib/theme';
import { usePath } from '@/lib/use-path';
import { useView } from '@/lib/use-view';

import { AlertWatch } from './alert-watch';
import { AutoRefresh } from './auto-refresh';
import { HelpDialog } from './help-dialog';
import { Navigation } from './navigation';
import { ShellKeys } from './shell-keys';
import { StoppedBanner } from './stopped-banner';
import { TopBar } from './top-bar';

const Palette = lazy(() => import('../palette/palette'));
const AskPanel = lazy(() => import('@/features/copilot/components/ask-panel'));
const RecordDrawer = lazy(() => import('@/features/record/components/record-drawer'));

/** What surrounds every page: navigation, the bar above, the drawer of a record, the copilot, the dialogs. */
export function Shell() {
  useApplyTheme();
  const [{ record }] = useView();
  const path = usePath();
  // On its own page the copilot needs no panel.
  const asking = useAskPanel().isOpen && path !== PAGES.copilot;
  const [palette, setPalette] = useState(false);
  const [help, setHelp] = useState(false);
  const [menu, setMenu] = useState(false);
  return (
    <AnchorProvider>
      <a href="#main" className="absolute top-2 left-2 z-60 -translate-y-16 rounded-md bg-accent px-3 py-1.5 text-on-accent focus:translate-y-0">
        Skip to the content
      </a>
      <ShellKeys onPalette={() => setPalette(true)} onHelp={() => setHelp(true)} />
      <AutoRefresh />
      <AlertWatch />
      <div className="flex h-full">
        <Navigation open={menu} onClose={() => setMenu(false)} />
        <div className="flex min-w-0 flex-1 flex-col">
          <TopBar onMenu={() => setMenu(true)} onPalette={() => setPalette(true)} onHelp={() => setHelp(true)} />
          <StoppedBanner />
          <div data-asking={asking || undefined} className="flex min-h-0 flex-1">
            <main id="main" tabIndex={-1} className="min-w-0 flex-1 focus-visible:outline-none">
              <Outlet />
            </main>
            <Suspense>{record && <RecordDrawer id={record} />}</Suspense>
            <Suspense>{asking && <AskPanel />}</Suspense>
          </div>
        </div>
      </div>
      <Suspense>{palette && <Palette onClose={() => setPalette(false)} onHelp={() => setHelp(true)} />}</Suspense>
      <Toasts />
      <HelpDialog open={help} onOpenChange={setHelp} />
    </AnchorProvider>
  );
}
