import { useCallback, useRef } from 'react';

import { useRememberRecord } from '@/api-client/get-record';
import type { LogRecord } from '@/api-client/types';
import { RecordList, type ListHandle } from '@/components/log/record-list';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Icon } from '@/components/ui/icon';
import { plural } from '@/lib/format';
import { useShortcuts } from '@/lib/shortcuts';
import { useView } from '@/lib/use-view';

import { useFollow } from '../use-follow';
import { useTail } from '../use-tail';

import { TailBar } from './tail-bar';

/** Lines as they arrive, the newest at the bottom. */
export default function TailPage() {
  const [view, setView] = useView();
  const { buffer, connection, dispatch } = useTail({ q: view.q, source: view.source, host: view.host, severity: view.severity });
  const list = useRef<ListHandle>(null);
  const follow = useFollow(list, buffer);
  const remember = useRememberRecord();
  const { lines, paused } = buffer;

  const get = useCallback((index: number) => lines[index], [lines]);
  const open = useCallback(
    (record: LogRecord) => {
      remember(record);
      setView({ record: record.id });
    },
    [remember, setView],
  );
  const toggle = () => dispatch({ type: paused ? 'resume' : 'pause' });
  useShortcuts({ ' ': toggle });

  return (
    <div className="flex h-full flex-col">
      <TailBar buffer={buffer} connection={connection} onToggle={toggle} onClear={() => dispatch({ type: 'clear' })} />
      <div className="relative min-h-0 flex-1">
        {connection.state === 'refused' ? (
          <Failure error={connection.error} />
        ) : lines.length === 0 ? (
          <Empty icon="tail" title={connection.state === 'open' ? 'Listening' : 'Not connected'}>
            {connection.state === 'open' ? 'Lines appear here as they arrive. None has matched so far.' : 'Lines appear here once the server answers.'}
          </Empty>
        ) : (
          <RecordList label="Lines as they arrive" count={lines.length} get={get} selected={view.record} onOpen={open} onScroll={follow.onScroll} handle={list} />
        )}
        {follow.unseen > 0 && (
          <button
            type="button"
            onClick={follow.toEnd}
            className="absolute bottom-4 left-1/2 inline-flex -translate-x-1/2 items-center gap-2 rounded-full bg-accent px-4 py-1.5 text-sm font-medium text-on-accent shadow-lg shadow-black/20 hover:bg-accent-strong"
          >
            <Icon name="down" className="size-3.5" />
            {plural(follow.unseen, 'new line')}
          </button>
        )}
      </div>
    </div>
  );
}
