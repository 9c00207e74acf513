import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';

import type { ListHandle } from '@/components/log/record-list';

import type { TailBuffer } from './tail-buffer';

/** So near to the end counts as being there. */
const NEAR_PX = 40;

/**
 * Keeps the newest line in sight as long as the reader is at the end; once they scroll up, keeps
 * in sight what they are reading, and counts what arrives below it.
 */
export function useFollow(list: RefObject<ListHandle | null>, { lines, departed }: TailBuffer) {
  const [atEnd, setAtEnd] = useState(true);
  const [seen, setSeen] = useState(0);
  const total = departed + lines.length;
  const before = useRef(departed);

  useLayoutEffect(() => {
    const virtual = list.current;
    if (!virtual || lines.length === 0) return;
    if (atEnd) {
      virtual.scrollToIndex(lines.length - 1, { align: 'end' });
    } else if (departed > before.current) {
      const height = virtual.getTotalSize() / lines.length;
      virtual.scrollToOffset(Math.max(0, (virtual.scrollOffset ?? 0) - (departed - before.current) * height));
    }
    before.current = departed;
  }, [list, lines, departed, atEnd]);

  const onScroll = useCallback(
    (element: HTMLDivElement) => {
      const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
      setAtEnd((was) => {
        if (was && !near) setSeen(total);
        return near;
      });
    },
    [total],
  );
  const toEnd = useCallback(() => setAtEnd(true), []);
  return { unseen: atEnd ? 0 : Math.max(0, total - seen), onScroll, toEnd };
}
