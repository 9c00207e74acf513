import type { ReactNode } from 'react';

import type { LogRecord } from '@/api-client/types';
import { BodyText } from '@/components/log/body-text';
import { CopyButton } from '@/components/ui/copy-button';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { AttributeRow } from './attribute-row';

const ISSUE_TEXTS: Record<string, string> = {
  timestamp_missing: 'no time was found in the line; the time it was received stands for it',
  timestamp_invalid: 'its time could not be read; the time it was received stands for it',
  truncated: 'it was too long and was cut',
  invalid_utf8: 'some bytes are no text and are shown as \uFFFD',
};

/** The record's text and all its fields. */
export function RecordTab({ record }: { record: LogRecord }) {
  const [zone] = useZone();
  const attributes = Object.entries(record.attributes).sort(([a], [b]) => a.localeCompare(b));
  return (
    <div className="space-y-4 p-4">
      <div className="relative">
        <pre tabIndex={0} aria-label="Text of the line" className="max-h-[40vh] overflow-auto rounded-md border border-line bg-sunken p-3 pr-10 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
          <BodyText body={record.body} highlights={record.highlights} />
        </pre>
        <CopyButton text={record.body} label="Copy the line" className="absolute top-1.5 right-1.5 bg-sunken" />
      </div>
      {record.issues.length > 0 && (
        <ul aria-label="Issues" className="space-y-1 text-xs text-(--warn-text)">
          {record.issues.map((issue) => (
            <li key={issue}>
              {issue.replaceAll('_', ' ')}
              {ISSUE_TEXTS[issue] && <span className="text-soft">: {ISSUE_TEXTS[issue]}</span>}
            </li>
          ))}
        </ul>
      )}
      <Fields title="Fields">
        <AttributeRow name="source" value={record.source} field />
        {record.host && <AttributeRow name="host" value={record.host} field />}
        <AttributeRow name="severity" value={record.severity} field note={`number ${record.severity_number}`} />
        {record.trace_id && <AttributeRow name="trace_id" value={record.trace_id} />}
        {record.span_id && <AttributeRow name="span_id" value={record.span_id} />}
        {record.template && <AttributeRow name="template" value={record.template} field />}
      </Fields>
      {attributes.length > 0 && (
        <Fields title="Attributes">
          {attributes.map(([name, value]) => (
            <AttributeRow key={name} name={name} value={value} />
          ))}
        </Fields>
      )}
      <Fields title="Record">
        <AttributeRow name="timestamp" value={record.timestamp} plain />
        <AttributeRow name="observed" value={record.observed} plain note={formatTime(record.observed, zone)} />
        <AttributeRow name="id" value={record.id} plain />
        {typeof record.score === 'number' && <AttributeRow name="score" value={record.score} plain />}
      </Fields>
    </div>
  );
}

function Fields({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <h3 className="mb-1 text-2xs font-semibold tracking-wide text-faint uppercase">{title}</h3>
      <dl className="divide-y divide-line border-y border-line">{children}</dl>
    </section>
  );
}
