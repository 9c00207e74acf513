import { useRouterState } from '@tanstack/react-router';
import { useMemo } from 'react';

import { useAnchor } from '@/lib/anchor';
import { useAskPanel } from '@/lib/ask';
import { usePath } from '@/lib/use-path';
import { useView } from '@/lib/use-view';

import { pageContext } from '../page-context';

/** What the page that is open is about. */
export function usePageContext() {
  const path = usePath();
  const href = useRouterState({ select: (state) => state.location.href });
  const [view] = useView();
  const { now } = useAnchor();
  const { focus } = useAskPanel();
  return useMemo(() => pageContext(path, view, now, focus && focus.at.endsWith(href) ? focus : {}), [path, view, now, focus, href]);
}
