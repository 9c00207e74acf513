import { useRememberRecord } from '@/api-client/get-record';
import type { LogRecord } from '@/api-client/types';
import { BodyText } from '@/components/log/body-text';
import { SeverityLetter } from '@/components/log/severity-tag';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { useView } from '@/lib/use-view';

/** A short list of lines; each opens in the drawer in place of the present one. */
export function LineList({ lines, current, label, keepTab = false }: { lines: LogRecord[]; current?: string; label: string; keepTab?: boolean }) {
  const [view, setView] = useView();
  const [zone] = useZone();
  const remember = useRememberRecord();
  const open = (record: LogRecord) => {
    remember(record);
    setView({ record: record.id, tab: keepTab ? view.tab : undefined });
  };
  return (
    <ol aria-label={label}>
      {lines.map((record) => (
        <li key={record.id}>
          <button
            type="button"
            aria-current={record.id === current}
            onClick={() => open(record)}
            className="flex w-full items-start gap-2 border-l-3 px-2 py-0.5 text-left hover:bg-hover focus-visible:-outline-offset-2 aria-[current=true]:bg-chosen"
            style={{ borderLeftColor: `var(--${record.severity})` }}
          >
            <time dateTime={record.timestamp} title={formatTime(record.timestamp, zone)} className="shrink-0 font-mono text-2xs leading-5 text-faint tabular-nums">
              {formatTime(record.timestamp, zone).slice(5)}
            </time>
            <SeverityLetter severity={record.severity} />
            <span className={`min-w-0 flex-1 font-mono text-xs leading-5 ${record.id === current ? 'break-words whitespace-pre-wrap' : 'truncate'}`}>
              <BodyText body={record.body} highlights={record.highlights} />
            </span>
          </button>
        </li>
      ))}
    </ol>
  );
}
