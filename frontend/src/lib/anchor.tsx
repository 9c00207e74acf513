import { createContext, use, useCallback, useMemo, useRef, useState, type ReactNode } from 'react';

import { resolveRange, type TimeRange } from './time-range';
import { useView } from './use-view';

interface Anchor {
  /** The moment that `now` in the range means. */
  now: number;
  refresh: () => void;
  /** Told whether somebody reads further down, where a refresh would take the lines away. */
  setReading: (reading: boolean) => void;
  isReading: () => boolean;
}

const AnchorContext = createContext<Anchor>({ now: 0, refresh: () => undefined, setReading: () => undefined, isReading: () => false });
const clock = () => Date.now();

/**
 * Fixes what `now` means until the next refresh, so that all parts of a page, and all pages of a
 * list, look at the same stretch of time. A change of the range counts as a refresh.
 */
export function AnchorProvider({ children }: { children: ReactNode }) {
  const [{ from, to }] = useView();
  const key = `${from ?? ''} ${to ?? ''}`;
  const [state, setState] = useState(() => ({ key, now: clock() }));
  if (state.key !== key) setState({ key, now: clock() });
  const refresh = useCallback(() => setState((previous) => ({ ...previous, now: clock() })), []);
  const reading = useRef(false);
  const setReading = useCallback((is: boolean) => {
    reading.current = is;
  }, []);
  const isReading = useCallback(() => reading.current, []);
  const value = useMemo(() => ({ now: state.now, refresh, setReading, isReading }), [state.now, refresh, setReading, isReading]);
  return <AnchorContext value={value}>{children}</AnchorContext>;
}

export const useAnchor = () => use(AnchorContext);

/** The chosen range with fixed moments; `asOf` tells one refresh from the next in a query's key. */
export function useRange(): TimeRange & { asOf: number } {
  const [{ from, to }] = useView();
  const { now } = useAnchor();
  return useMemo(() => ({ ...resolveRange({ from, to }, now), asOf: now }), [from, to, now]);
}
