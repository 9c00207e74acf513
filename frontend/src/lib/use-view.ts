import { useNavigate, useRouterState } from '@tanstack/react-router';
import { useCallback } from 'react';

import { compact, type View } from './view';

/** The URL's view, and a way to change parts of it: `undefined` takes a part out. */
export function useView(): [View, (patch: Partial<View>, options?: { replace?: boolean }) => void] {
  // The router parses the query string with `parseView`, so this is one already.
  const view = useRouterState({ select: (state) => state.location.search as View });
  const navigate = useNavigate();
  const change = useCallback(
    (patch: Partial<View>, { replace = false } = {}) => {
      const search = (previous: View) => compact({ ...previous, ...patch });
      void navigate({ to: '.', search: search as never, replace });
    },
    [navigate],
  );
  return [view, change];
}
