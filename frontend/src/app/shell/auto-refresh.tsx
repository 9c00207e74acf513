import { useEffect } from 'react';

import { useAnchor } from '@/lib/anchor';
import { useView } from '@/lib/use-view';

/** Refreshes every so many seconds while the page is in sight and nobody reads further down. */
export function AutoRefresh() {
  const [{ refresh: seconds, record }] = useView();
  const { refresh, isReading } = useAnchor();
  useEffect(() => {
    if (!seconds || record) return undefined;
    const timer = window.setInterval(() => document.visibilityState === 'visible' && !isReading() && refresh(), seconds * 1000);
    return () => window.clearInterval(timer);
  }, [seconds, record, refresh, isReading]);
  return null;
}
