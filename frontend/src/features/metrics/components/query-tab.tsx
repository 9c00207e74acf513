import { lazy, Suspense, useId, useMemo, useState, type FormEvent } from 'react';

import { usePoints } from '@/api-client/get-points';
import { ApiError } from '@/api-client/http';
import { LINES_MAX } from '@/components/chart/metric-plot';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { Skeleton } from '@/components/ui/skeleton';
import { useAnchor } from '@/lib/anchor';
import { plural } from '@/lib/format';
import { measureOfQuery } from '@/lib/query-measure';
import { useView } from '@/lib/use-view';

import { useMetricRange } from '../use-metric-range';
import { useZoom } from '../use-zoom';

import { AnswerTable } from './answer-table';

const AnswerChart = lazy(() => import('@/components/chart/answer-chart'));
const HEIGHT_PX = 320;
const EXAMPLES = ['host_cpu_used_ratio', 'sum by (device) (rate(node_network_receive_bytes_total[5m]))', 'topk(5, process_resident_memory_bytes)'];

/** Draws what any query in PromQL comes to. */
export function QueryTab() {
  const [view, setView] = useView();
  const { refresh } = useAnchor();
  const { fromMs, toMs } = useMetricRange();
  const zoom = useZoom();
  const q = view.q ?? '';
  const [draft, setDraft] = useState({ from: view.q, text: q });
  if (draft.from !== view.q) setDraft({ from: view.q, text: q });
  const { data, error, isFetching, isPlaceholderData, refetch } = usePoints({ q, fromMs, toMs }, q !== '');
  const measure = useMemo(() => measureOfQuery(q), [q]);
  const problem = useId();
  const refused = q !== '' && error instanceof ApiError && error.status > 0 && error.status < 500 ? error : undefined;
  const items = q !== '' && !error ? data?.items : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const next = draft.text.trim();
    if (next === q) refresh();
    setView({ q: next });
  };
  return (
    <Panel>
      <form onSubmit={submit} className="p-3">
        <div className="flex gap-2">
          <input
            aria-label="PromQL query"
            aria-invalid={refused !== undefined}
            aria-describedby={refused && problem}
            value={draft.text}
            onChange={(event) => setDraft({ from: view.q, text: event.target.value })}
            placeholder="A query in PromQL, e.g. rate(http_requests_total[5m])"
            spellCheck={false}
            autoComplete="off"
            className="h-8 min-w-0 flex-1 rounded-md border border-line-strong bg-surface px-2.5 font-mono text-sm focus-visible:border-accent focus-visible:outline-1 focus-visible:outline-offset-0"
          />
          <Button type="submit" look="primary">
            Draw
          </Button>
        </div>
        {refused && (
          <p id={problem} role="alert" className="mt-1.5 font-mono text-xs break-words text-danger">
            {refused.problem.detail}
          </p>
        )}
      </form>
      {q === '' && (
        <Empty
          icon="metrics"
          title="Ask for anything"
          actions={EXAMPLES.map((example) => (
            <Button key={example} className="h-auto! max-w-full py-1 font-mono text-xs! whitespace-normal!" onClick={() => setView({ q: example })}>
              {example}
            </Button>
          ))}
        >
          Every metric can be summed, compared, and turned into rates. For example:
        </Empty>
      )}
      {error && !refused && q !== '' && <Failure error={error} retry={() => void refetch()} />}
      {q !== '' && !data && isFetching && (
        <div role="status" aria-label="Loading the answer" className="p-4">
          <Skeleton className="h-72 w-full" />
        </div>
      )}
      {items?.length === 0 && (
        <Empty icon="metrics" title="The answer is empty">
          No series has points for this query in this time range.
        </Empty>
      )}
      {items && items.length > 0 && (
        <div className={isPlaceholderData ? 'opacity-60' : ''}>
          <Suspense fallback={<div style={{ height: HEIGHT_PX }} />}>
            <AnswerChart items={items} {...{ measure, fromMs, toMs }} label={`${q} over time, ${plural(items.length, 'series', 'series')}`} height={HEIGHT_PX} onZoom={zoom} />
          </Suspense>
          {items.length > LINES_MAX && (
            <p role="status" className="px-4 pb-2 text-xs text-(--warn-text)">
              The first {LINES_MAX} of {items.length} series are drawn. Sum them up, or ask for the top ones with topk.
            </p>
          )}
          <AnswerTable items={items} measure={measure} />
        </div>
      )}
    </Panel>
  );
}
