import { useEffect, useRef } from 'react';

import { useRecord } from '@/api-client/get-record';
import { SeverityTag } from '@/components/log/severity-tag';
import { IconButton } from '@/components/ui/button';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { Tabs } from '@/components/ui/tabs';
import { openAsk } from '@/lib/ask';
import { formatTime } from '@/lib/format';
import { shortSource } from '@/lib/source-name';
import { useZone } from '@/lib/stored';
import { useMedia } from '@/lib/use-media';
import { useView } from '@/lib/use-view';

import { ContextTab } from './context-tab';
import { RecordTab } from './record-tab';
import { SimilarTab } from './similar-tab';
import { TemplateTab } from './template-tab';

/** One line in full, beside the list it was opened from; over it where there is no room. */
export default function RecordDrawer({ id }: { id: string }) {
  const [{ tab = 'record' }, setView] = useView();
  const [zone] = useZone();
  const { data: record, error, refetch } = useRecord(id);
  const covering = useMedia('(max-width: 1023px)');
  const drawer = useRef<HTMLElement>(null);
  useEffect(() => {
    // Where the drawer covers the page, the reader must be taken along.
    if (covering) drawer.current?.focus();
  }, [covering]);
  const close = () => setView({ record: undefined, tab: undefined });

  return (
    <aside
      ref={drawer}
      tabIndex={-1}
      aria-label="Log line"
      className="fixed inset-0 z-30 flex flex-col border-l border-line bg-surface focus-visible:outline-none lg:static lg:z-auto lg:w-[min(40vw,38rem)] lg:shrink-0 lg:max-2xl:in-data-asking:w-[26rem]"
    >
      <header className="flex min-h-10 shrink-0 items-center gap-3 px-4 py-1">
        <h2 className="sr-only">Log line</h2>
        {record && (
          <>
            <SeverityTag severity={record.severity} />
            <time dateTime={record.timestamp} className="truncate font-mono text-xs text-soft">
              {formatTime(record.timestamp, zone)}
            </time>
            <span className="truncate text-xs text-faint" title={record.source}>
              {shortSource(record.source)}
            </span>
          </>
        )}
        <IconButton label="Ask about this line" icon="ask" className="ml-auto" onClick={() => openAsk()} />
        <IconButton label="Close the line" icon="close" className="-mr-2 -ml-2" onClick={close} />
      </header>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!record && !error && <SkeletonLines count={10} label="Loading the line" />}
      {record && (
        <Tabs
          label="About this line"
          className="flex-1"
          value={tab}
          onChange={(next) => setView({ tab: next === 'record' ? undefined : next }, { replace: true })}
          tabs={[
            { value: 'record', label: 'Record', content: <RecordTab record={record} /> },
            { value: 'context', label: 'Context', content: <ContextTab key={id} id={id} /> },
            { value: 'similar', label: 'Similar lines', content: <SimilarTab id={id} /> },
            { value: 'template', label: 'Pattern', content: <TemplateTab template={record.template} /> },
          ]}
        />
      )}
    </aside>
  );
}
