import type { ComponentProps } from 'react';

import { PAGES } from '@/lib/pages';

import { RunLink } from '../automation/run-link';
import { ViewLink } from '../view-link';

import type { Target } from './evidence-target';

type Props = Omit<ComponentProps<'a'>, 'href' | 'target'> & { target: Target };

/** A link to where a fact can be looked at. */
export function EvidenceLink({ target: { page, view, run }, ...rest }: Props) {
  if (run !== undefined) return <RunLink id={run} {...rest} />;
  return <ViewLink to={PAGES[page]} view={view} {...rest} />;
}
