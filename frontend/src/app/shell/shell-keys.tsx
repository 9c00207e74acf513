import { useEffect } from 'react';

import { useAnchor } from '@/lib/anchor';
import { toggleAsk } from '@/lib/ask';
import { PAGES } from '@/lib/pages';
import { useShortcuts } from '@/lib/shortcuts';
import { usePath } from '@/lib/use-path';
import { useView } from '@/lib/use-view';

/** The keys that work on every page. */
export function ShellKeys({ onPalette, onHelp }: { onPalette: () => void; onHelp: () => void }) {
  const { refresh } = useAnchor();
  const path = usePath();
  const [{ record }, setView] = useView();
  useShortcuts({
    '?': onHelp,
    r: refresh,
    i: () => path !== PAGES.copilot && toggleAsk(),
    Escape: () => record && setView({ record: undefined, tab: undefined }),
  });
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      onPalette();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, [onPalette]);
  return null;
}
