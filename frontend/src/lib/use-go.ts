import { useNavigate } from '@tanstack/react-router';
import { useCallback } from 'react';

import type { PagePath } from './pages';
import { compact, type View } from './view';

/** Goes to a page with a view. */
export function useGo() {
  const navigate = useNavigate();
  return useCallback(
    (to: PagePath, view: View = {}) => void navigate({ to, search: compact(view) as never }),
    [navigate],
  );
}
