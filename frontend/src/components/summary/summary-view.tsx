import { useMutation } from '@tanstack/react-query';

import type { Summary } from '@/api-client/copilot-types';
import { useSummary, type Summed } from '@/api-client/get-summary';
import { apiUrl, getText } from '@/api-client/http';
import { formatTime, plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';
import { toast } from '@/lib/toasts';
import { useCopy } from '@/lib/use-copy';

import { Cited } from '../cited/cited';
import { FactList } from '../cited/fact-list';
import { Statements } from '../cited/statements';
import { WriterLine } from '../cited/writer-line';
import { Button, buttonClass } from '../ui/button';
import { Failure } from '../ui/failure';
import { Icon } from '../ui/icon';
import { SkeletonLines } from '../ui/skeleton';

/** A summary with the facts that it rests on; it can be taken along as Markdown. */
export function SummaryView({ summed, file }: { summed: Summed; file: string }) {
  const { data, error, isPlaceholderData, isFetching, refetch } = useSummary(summed);
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonLines count={6} label="Loading the summary" />;
  return (
    <div className={`space-y-4 text-sm ${isPlaceholderData ? 'opacity-60' : ''}`}>
      <Sections summary={data} />
      <div className="flex flex-wrap items-center gap-2">
        <CopyMarkdown {...summed} />
        <a href={apiUrl(summed.path, { ...summed.range, format: 'md' })} download={`${file}.md`} className={buttonClass()}>
          <Icon name="download" /> Download
        </a>
        <Button look="quiet" icon="refresh" disabled={isFetching} onClick={() => void refetch()}>
          Write it anew
        </Button>
      </div>
      <Made summary={data} />
    </div>
  );
}

function Sections({ summary: { title, sections, facts } }: { summary: Summary }) {
  const told = sections.filter(({ statements }) => statements.length > 0);
  return (
    <Cited facts={facts}>
      <div className="space-y-3">
        <h3 className="text-base font-semibold break-words">{plain(title)}</h3>
        {told.length === 0 && <p className="text-soft">There is nothing to tell.</p>}
        {told.map((section, index) => (
          <section key={index}>
            <h4 className="mb-1 text-xs font-semibold text-soft">{plain(section.title)}</h4>
            <Statements statements={section.statements} />
          </section>
        ))}
        {facts.length > 0 && (
          <details className="group">
            <summary className="flex w-fit list-none items-center gap-1.5 rounded text-xs text-soft hover:text-ink">
              <Icon name="right" className="size-3 transition-transform group-open:rotate-90" />
              Rests on {plural(facts.length, 'fact')}
            </summary>
            <FactList facts={facts} className="mt-1.5" />
          </details>
        )}
      </div>
    </Cited>
  );
}

function Made({ summary: { writer, made_at } }: { summary: Summary }) {
  const [zone] = useZone();
  return (
    <p>
      <WriterLine writer={writer} /> <span className="text-xs text-faint tabular-nums">· {formatTime(made_at, zone, false)}</span>
    </p>
  );
}

function CopyMarkdown({ path, range }: Summed) {
  const [copied, copy] = useCopy();
  const fetchText = useMutation({
    mutationFn: () => getText(path, { ...range, format: 'md' }),
    onSuccess: copy,
    onError: (error) => toast('Nothing was copied', { look: 'danger', detail: error.message }),
  });
  return (
    <Button icon={copied ? 'check' : 'copy'} disabled={fetchText.isPending} onClick={() => fetchText.mutate()}>
      {copied ? 'Copied' : 'Copy as Markdown'}
    </Button>
  );
}
