import type { ComponentProps } from 'react';

import { PAGES } from '@/lib/pages';

import type { Target } from '../evidence/evidence-target';
import { ViewLink } from '../view-link';

import { useCited } from './cited';

type Props = Omit<ComponentProps<'a'>, 'href' | 'target'> & { target: Target };

/** A link to where a fact can be looked at. */
export function FactLink({ target: { page, view }, ...rest }: Props) {
  const { onOpen } = useCited();
  return (
    <ViewLink
      to={PAGES[page]}
      view={view}
      {...rest}
      onClick={(event) => {
        rest.onClick?.(event);
        // With one of these keys another tab or window is opened.
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) onOpen?.();
      }}
    />
  );
}
