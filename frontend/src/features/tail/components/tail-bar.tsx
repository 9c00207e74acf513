import { Button, IconButton } from '@/components/ui/button';
import { formatCount, plural } from '@/lib/format';
import { useWrap } from '@/lib/stored';

import type { TailBuffer } from '../tail-buffer';
import type { Connection } from '../use-tail';

import { TailFilter } from './tail-filter';

interface Props {
  buffer: TailBuffer;
  connection: Connection;
  onToggle: () => void;
  onClear: () => void;
}

/** What is followed, whether it flows, and what was missed. */
export function TailBar({ buffer, connection, onToggle, onClear }: Props) {
  const [wrap, setWrap] = useWrap();
  const { paused, held, lines, dropped, skipped } = buffer;
  return (
    <div className="shrink-0 space-y-2 border-b border-line bg-surface px-3 py-2.5 md:px-4">
      <h1 className="sr-only">Live tail</h1>
      <TailFilter />
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1.5 text-xs text-soft tabular-nums">
        <Button icon={paused ? 'play' : 'pause'} look={paused ? 'primary' : 'plain'} onClick={onToggle}>
          {paused ? 'Resume' : 'Pause'}
        </Button>
        <p role="status" className="flex items-center gap-2">
          <span aria-hidden="true" className={`size-2 rounded-full ${connection.state === 'open' && !paused ? 'bg-ok' : connection.state === 'waiting' || connection.state === 'refused' ? 'bg-danger' : 'bg-line-strong'}`} />
          {connection.state === 'waiting' && `Cut off; trying again in ${connection.seconds} s`}
          {connection.state === 'refused' && 'Not following'}
          {connection.state === 'connecting' && 'Connecting…'}
          {connection.state === 'open' && (paused ? 'Paused' : 'Following')}
        </p>
        {paused && <span>{plural(held.length, 'line')} waiting</span>}
        <span className="text-faint">{formatCount(lines.length)} shown</span>
        {skipped > 0 && <span className="text-(--warn-text)">{plural(skipped, 'line')} skipped: more arrive than can be sent</span>}
        {dropped > 0 && <span className="text-(--warn-text)">{plural(dropped, 'line')} let go during the pause</span>}
        <span className="ml-auto flex">
          <IconButton label="Wrap long lines" icon="wrap" aria-pressed={wrap === 'on'} className={wrap === 'on' ? 'bg-chosen' : ''} onClick={() => setWrap(wrap === 'on' ? 'off' : 'on')} />
          <IconButton label="Clear the lines shown" icon="trash" onClick={onClear} />
        </span>
      </div>
    </div>
  );
}
