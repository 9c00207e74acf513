import { Tooltip } from 'radix-ui';
import { createContext, use, useMemo, useState, type ReactNode } from 'react';

import type { Fact } from '@/api-client/copilot-types';

interface State {
  facts: ReadonlyMap<string, Fact>;
  /** The fact that the pointer or the focus is at, wherever it is shown. */
  hot?: string;
  setHot: (id: string | undefined) => void;
  /** Called when evidence is opened in place of the page. */
  onOpen?: () => void;
}

const CitedContext = createContext<State>({ facts: new Map(), setHot: () => undefined });

interface Props {
  facts: readonly Fact[];
  onOpen?: () => void;
  children: ReactNode;
}

const SHOWN_AFTER_MS = 150;

/** Holds sentences and the facts that they cite together: what is pointed at in one is marked in the other. */
export function Cited({ facts, onOpen, children }: Props) {
  const [hot, setHot] = useState<string>();
  const byId = useMemo(() => new Map(facts.map((fact) => [fact.id, fact])), [facts]);
  const state = useMemo(() => ({ facts: byId, hot, setHot, onOpen }), [byId, hot, onOpen]);
  return (
    <CitedContext value={state}>
      <Tooltip.Provider delayDuration={SHOWN_AFTER_MS}>{children}</Tooltip.Provider>
    </CitedContext>
  );
}

export const useCited = () => use(CitedContext);

/** What an element that stands for a fact does when the pointer or the focus comes and goes. */
export function useMark(id: string) {
  const { setHot } = useCited();
  const mark = () => setHot(id);
  const unmark = () => setHot(undefined);
  return { onMouseEnter: mark, onMouseLeave: unmark, onFocus: mark, onBlur: unmark };
}
