import type { RefObject } from 'react';

import type { LogRecord } from '@/api-client/types';
import { useShortcuts } from '@/lib/shortcuts';

import type { ListHandle } from './record-list';

interface Wishes {
  list: RefObject<ListHandle | null>;
  count: number;
  get: (index: number) => LogRecord | undefined;
  current: number;
  onMove: (index: number) => void;
  onOpen: (index: number) => void;
}

/** Moves through a list of lines with j, k, and the arrows; Enter opens the line. */
export function useListKeys({ list, count, get, current, onMove, onOpen }: Wishes) {
  const move = (to: number) => {
    const index = Math.max(0, Math.min(count - 1, to));
    if (!get(index)) return;
    list.current?.scrollToIndex(index, { align: 'auto' });
    onMove(index);
  };
  useShortcuts({
    j: () => move(current + 1),
    k: () => move(current - 1),
    ArrowDown: (event) => ofList(event) && move(current + 1),
    ArrowUp: (event) => ofList(event) && move(current - 1),
    Enter: () => current >= 0 && onOpen(current),
  });
}

/** Arrows scroll whatever else has the focus, such as an open record. */
const ofList = ({ target }: KeyboardEvent) => target === document.body || (target instanceof HTMLElement && target.closest('[role=grid]') !== null);
