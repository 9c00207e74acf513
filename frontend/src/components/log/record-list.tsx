import { useVirtualizer, type Virtualizer } from '@tanstack/react-virtual';
import { useCallback, useEffect, useImperativeHandle, useRef, useState, type ReactNode, type Ref } from 'react';

import type { LogRecord } from '@/api-client/types';
import { useWrap } from '@/lib/stored';
import { useWidth } from '@/lib/use-width';

import { RecordRow, RowSkeleton, type RowLayout } from './record-row';

export type ListHandle = Virtualizer<HTMLDivElement, Element>;

interface Props {
  label: string;
  count: number;
  get: (index: number) => LogRecord | undefined;
  selected?: string;
  onOpen: (record: LogRecord, index: number) => void;
  /** Told which rows are in sight. */
  onSight?: (first: number, last: number) => void;
  onScroll?: (element: HTMLDivElement) => void;
  footer?: ReactNode;
  handle?: Ref<ListHandle>;
}

const ROW_PX = 24;
const TWO_LINE_ROW_PX = 44;
/** Narrower than this, the text of a line goes below its time and origin. */
const ONE_LINE_MIN_PX = 620;
const ROOMY_MIN_PX = 900;

export const rowId = (record: LogRecord) => `line-${record.id}`;

/** Any number of lines, of which only those in sight exist in the document. */
export function RecordList({ label, count, get, selected, onOpen, onSight, onScroll, footer, handle }: Props) {
  const scroller = useRef<HTMLDivElement>(null);
  const [wrap] = useWrap();
  const width = useWidth(scroller);
  const layout: RowLayout = width < ONE_LINE_MIN_PX ? 'two-line' : width < ROOMY_MIN_PX ? 'tight' : 'roomy';
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const virtual = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => (layout === 'two-line' ? TWO_LINE_ROW_PX : ROW_PX),
    getItemKey: (index) => get(index)?.id ?? index,
    overscan: 12,
  });
  useImperativeHandle(handle, () => virtual, [virtual]);

  // Heights measured in one layout do not hold in the other.
  useEffect(() => virtual.measure(), [virtual, layout]);

  const rows = virtual.getVirtualItems();
  const first = rows[0]?.index ?? 0;
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => onSight?.(first, last), [first, last, onSight]);
  // A line that is out of sight is not in the document either.
  const active = rows.some(({ index }) => get(index)?.id === selected) ? `line-${selected}` : undefined;

  const toggle = useCallback((record: LogRecord) => {
    setToggled((old) => {
      const next = new Set(old);
      if (!next.delete(record.id)) next.add(record.id);
      return next;
    });
  }, []);

  return (
    <div
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={count}
      aria-activedescendant={active}
      tabIndex={0}
      onScroll={(event) => onScroll?.(event.currentTarget)}
      className="h-full overflow-x-hidden overflow-y-auto bg-surface [overflow-anchor:none] focus-visible:-outline-offset-2"
    >
      <div role="rowgroup" className="relative w-full" style={{ height: virtual.getTotalSize() }}>
        {rows.map((row) => {
          const record = get(row.index);
          const style = { position: 'absolute', top: 0, transform: `translateY(${row.start}px)` } as const;
          if (!record) return <RowSkeleton key={row.key} index={row.index} style={style} />;
          return (
            <RecordRow
              key={row.key}
              ref={virtual.measureElement}
              id={rowId(record)}
              record={record}
              index={row.index}
              layout={layout}
              selected={record.id === selected}
              open={(wrap === 'on') !== toggled.has(record.id)}
              onOpen={onOpen}
              onToggle={toggle}
              style={style}
            />
          );
        })}
      </div>
      {footer}
    </div>
  );
}
