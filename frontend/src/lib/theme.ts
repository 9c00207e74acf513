import { useEffect, useSyncExternalStore } from 'react';

import { useStored } from './stored';

export const THEMES = ['system', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const dark = matchMedia('(prefers-color-scheme: dark)');

function subscribe(listener: () => void) {
  dark.addEventListener('change', listener);
  return () => dark.removeEventListener('change', listener);
}

/** What is chosen, and what it comes to on this machine now. */
export function useTheme() {
  const [theme, setTheme] = useStored('theme', THEMES);
  const system = useSyncExternalStore(subscribe, () => (dark.matches ? 'dark' : 'light'));
  return { theme, setTheme, shown: theme === 'system' ? system : theme };
}

/** Writes the choice on the document; the shell calls it once. */
export function useApplyTheme() {
  const { theme } = useTheme();
  useEffect(() => {
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
}
