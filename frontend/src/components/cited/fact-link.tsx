import type { ComponentProps } from 'react';

import { EvidenceLink } from '../evidence/evidence-link';

import { useCited } from './cited';

/** A link to where a fact can be looked at, which says when it is followed. */
export function FactLink(props: ComponentProps<typeof EvidenceLink>) {
  const { onOpen } = useCited();
  return (
    <EvidenceLink
      {...props}
      onClick={(event) => {
        props.onClick?.(event);
        // With one of these keys another tab or window is opened.
        if (!event.ctrlKey && !event.metaKey && !event.shiftKey) onOpen?.();
      }}
    />
  );
}
