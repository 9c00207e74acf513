import { memo, type CSSProperties, type Ref } from 'react';

import type { LogRecord } from '@/api-client/types';
import { formatTime } from '@/lib/format';
import { shortSource } from '@/lib/source-name';
import { useZone } from '@/lib/stored';

import { Icon } from '../ui/icon';
import { Skeleton } from '../ui/skeleton';

import { BodyText } from './body-text';
import { SeverityLetter } from './severity-tag';

/** How much room there is: the text below the rest, beside it, or beside it with room to spare. */
export type RowLayout = 'two-line' | 'tight' | 'roomy';

const ORIGIN: Record<RowLayout, string> = { 'two-line': 'flex-1', tight: 'w-32 shrink-0', roomy: 'w-44 shrink-0' };

interface Props {
  record: LogRecord;
  index: number;
  layout: RowLayout;
  id: string;
  selected: boolean;
  /** Whether the body shows all its lines, wrapped. */
  open: boolean;
  onOpen: (record: LogRecord, index: number) => void;
  onToggle: (record: LogRecord, index: number) => void;
  style?: CSSProperties;
  ref?: Ref<HTMLDivElement>;
}

/** One line of a log: severity bar, time, severity, origin, text. */
export const RecordRow = memo(function RecordRow({ record, index, layout, id, selected, open, onOpen, onToggle, style, ref }: Props) {
  const [zone] = useZone();
  const click = () => {
    // Somebody who marks text to copy it does not want it hidden by a drawer.
    if (window.getSelection()?.isCollapsed ?? true) onOpen(record, index);
  };
  return (
    <div
      ref={ref}
      id={id}
      role="row"
      aria-rowindex={index + 1}
      aria-selected={selected}
      data-index={index}
      onClick={click}
      style={{ ...style, borderLeftColor: `var(--${record.severity})` }}
      className={`group flex w-full cursor-default items-start gap-x-2 border-l-3 px-1 py-0.5 ${layout === 'two-line' ? 'flex-wrap' : ''} ${selected ? 'bg-chosen' : 'hover:bg-hover'}`}
    >
      <div role="gridcell" className="flex shrink-0 items-center text-xs leading-5 whitespace-nowrap text-faint">
        <button
          type="button"
          tabIndex={-1}
          aria-label={open ? 'Fold the line' : 'Unfold the line'}
          onClick={(event) => {
            event.stopPropagation();
            onToggle(record, index);
          }}
          className="grid size-5 place-items-center rounded text-faint hover:bg-line hover:text-ink"
        >
          <Icon name={open ? 'down' : 'right'} className="size-3" />
        </button>
        <time dateTime={record.timestamp} title={record.timestamp} className="font-mono tabular-nums">
          {formatTime(record.timestamp, zone)}
        </time>
      </div>
      <div role="gridcell" className="leading-5">
        <SeverityLetter severity={record.severity} />
      </div>
      <div role="gridcell" title={[record.source, record.host].filter(Boolean).join(' · ')} className={`min-w-0 truncate text-xs leading-5 text-soft ${ORIGIN[layout]}`}>
        {shortSource(record.source)}
        {record.host && <span className="text-faint"> · {record.host}</span>}
      </div>
      <div
        role="gridcell"
        className={`min-w-0 font-mono text-xs leading-5 text-ink ${layout === 'two-line' ? 'basis-full pl-5' : 'flex-1'} ${open ? 'break-words whitespace-pre-wrap' : 'truncate'}`}
      >
        <BodyText body={record.body} highlights={record.highlights} />
      </div>
    </div>
  );
});

/** Stands where a line will be once it is fetched. */
export function RowSkeleton({ index, style }: { index: number; style?: CSSProperties }) {
  return (
    <div role="row" aria-rowindex={index + 1} data-index={index} style={style} className="flex h-6 w-full items-center gap-3 border-l-3 border-line px-2">
      <div role="gridcell" aria-label="loading" className="flex w-full items-center gap-3">
        <Skeleton className="h-2.5 w-40" />
        <Skeleton className={`h-2.5 ${['w-1/2', 'w-1/3', 'w-2/5'][index % 3] ?? ''}`} />
      </div>
    </div>
  );
}
