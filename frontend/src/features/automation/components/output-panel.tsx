import { useLayoutEffect, useRef } from 'react';

import type { RunDetails } from '@/api-client/automation-types';
import { Panel } from '@/components/panel';
import { CopyButton } from '@/components/ui/copy-button';
import { formatBytes } from '@/lib/format';
import { plain } from '@/lib/plain-text';

import type { Output } from '../live-output';

const NEAR_PX = 40;

/** What the action prints, as it comes; the end is kept in sight for as long as the reader is there. */
export function OutputPanel({ run, output }: { run: RunDetails; output: Output }) {
  const box = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    if (box.current && isAtEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [output.text]);
  const watch = () => {
    const { scrollTop, scrollHeight, clientHeight } = box.current ?? { scrollTop: 0, scrollHeight: 0, clientHeight: 0 };
    isAtEnd.current = scrollHeight - scrollTop - clientHeight < NEAR_PX;
  };
  const isOver = output.next >= run.output_size;
  return (
    <Panel
      title="Output"
      aside={
        output.text !== '' && (
          <span className="flex items-center gap-2 text-xs text-faint">
            {formatBytes(Math.max(output.next, run.output_size))}
            <CopyButton text={output.text} label="Copy the output" />
          </span>
        )
      }
    >
      {output.text === '' ? (
        <p className="p-4 text-sm text-soft">{isOver ? NOTHING[run.state] ?? 'Nothing was printed.' : 'Loading what was printed…'}</p>
      ) : (
        <>
          {output.isCut && <p className="border-b border-line px-4 py-1.5 text-xs text-(--warn-text)">It is long: the beginning is not shown.</p>}
          <div ref={box} onScroll={watch} role="log" aria-label="Output" aria-live="off" tabIndex={0} className="max-h-96 overflow-auto bg-sunken p-3 focus-visible:-outline-offset-2">
            <pre className="font-mono text-xs leading-5 [overflow-wrap:anywhere] whitespace-pre-wrap">{plain(output.text)}</pre>
          </div>
        </>
      )}
    </Panel>
  );
}

const NOTHING: Partial<Record<RunDetails['state'], string>> = {
  proposed: 'It has not begun.',
  awaiting_approval: 'It has not begun.',
  approved: 'It has not begun.',
  executing: 'Nothing was printed yet.',
  rejected: 'It never began.',
  expired: 'It never began.',
};
