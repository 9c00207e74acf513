import type { ComponentProps } from 'react';

import type { Fact } from '@/api-client/copilot-types';
import { PAGES } from '@/lib/pages';

import { evidenceTarget, momentOf } from '../evidence/evidence-target';
import { ViewLink } from '../view-link';

import { useCited } from './cited';

type Props = Omit<ComponentProps<'a'>, 'href'> & { fact: Fact };

/** A link to where a fact can be looked at. */
export function FactLink({ fact, ...rest }: Props) {
  const { onOpen } = useCited();
  const { page, view } = evidenceTarget(fact.evidence, momentOf(fact.at));
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
