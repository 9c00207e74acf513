import { useEffect, useState } from 'react';

import { useAlerts } from '@/api-client/get-alerts';
import { ApiError } from '@/api-client/http';
import { Panel } from '@/components/panel';
import { CodeBlock } from '@/components/ui/code-block';
import { Select } from '@/components/ui/select';
import { SkeletonLines } from '@/components/ui/skeleton';

import { useMessagePreview, type PreviewWish } from '../api/preview-message';
import { NEWS } from '../delivery-summary';
import { readDraft, wrongOf, type Draft } from '../subscription-draft';

const PAUSE_MS = 300;
const ALERTS = 20;
const NO_FILTER = {};

/** What was last typed, once there was a pause. */
function useAfterPause<T>(value: T): T {
  const [kept, setKept] = useState(value);
  useEffect(() => {
    const timer = window.setTimeout(() => setKept(value), PAUSE_MS);
    return () => window.clearTimeout(timer);
  }, [value]);
  return kept;
}

/** The message that the form's subscription would send. */
export function PreviewPanel({ draft }: { draft: Draft }) {
  const [news, setNews] = useState('fired');
  const [alert, setAlert] = useState('');
  const { data: alerts } = useAlerts(NO_FILTER, ALERTS);
  // A subscription may be looked at before it has a name.
  const read = readDraft({ ...useAfterPause(draft), ...(draft.name.trim() ? {} : { name: 'new subscription' }) });
  const wish: PreviewWish | undefined = read.wish && { subscription: read.wish, news, ...(alert && { alert }) };
  const { data, error } = useMessagePreview(wish);
  const choices = [{ value: '', label: 'A made-up alert' }, ...(alerts?.items ?? []).map(({ id, title }) => ({ value: id, label: title }))];
  const said = error instanceof ApiError ? Object.values(wrongOf(error.problem)).join('; ') : error?.message;
  return (
    <Panel title="What is sent">
      <div className="flex flex-wrap gap-2 p-4 pb-0">
        <Select label="Alert of the preview" value={alert} choices={choices} onChange={setAlert} className="min-w-0 flex-1" />
        <Select label="News of the preview" value={news} choices={NEWS} onChange={setNews} />
      </div>
      {!read.wish && <p className="p-4 text-sm text-soft">The form cannot be read yet: {Object.values(read.wrong).join(' ')}</p>}
      {read.wish && said && (
        <p role="alert" className="p-4 text-sm break-words text-danger">
          {said}
        </p>
      )}
      {read.wish && !said && !data && <SkeletonLines count={3} label="Loading the preview" />}
      {read.wish && !said && data && (
        <div className="space-y-3 p-4" role="status" aria-label="Preview">
          <div className="rounded-md border border-line bg-sunken px-3 py-2">
            <p className="text-sm font-semibold break-words">{data.title}</p>
            <p className="mt-1 text-sm break-words whitespace-pre-wrap text-soft">{data.text}</p>
          </div>
          <details>
            <summary className="cursor-pointer text-xs text-soft">The body of the request</summary>
            <div className="mt-2">
              <CodeBlock label="Body of the request" code={JSON.stringify(data.body, undefined, 2)} />
            </div>
          </details>
        </div>
      )}
    </Panel>
  );
}
