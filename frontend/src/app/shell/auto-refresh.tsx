import { useEffect } from 'react';

import { useAnchor } from '@/lib/anchor';
import { useView } from '@/lib/use-view';

/** Refreshes every so many seconds while the page is in sight and no record is being read. */
export function AutoRefresh() {
  const [{ refresh: seconds, record }] = useView();
  const { refresh } = useAnchor();
  useEffect(() => {
    if (!seconds || record) return undefined;
    const timer = window.setInterval(() => document.visibilityState === 'visible' && refresh(), seconds * 1000);
    return () => window.clearInterval(timer);
  }, [seconds, record, refresh]);
  return null;
}
