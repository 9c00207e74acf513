import { useCallback } from 'react';

import { useView } from '@/lib/use-view';

/** Makes a stretch of time, in ms, the range of the page. */
export function useZoom() {
  const [, setView] = useView();
  return useCallback((fromMs: number, toMs: number) => setView({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }), [setView]);
}
