import type { ReactNode } from 'react';

import { useConfirmRootCause } from '@/api-client/confirm-root-cause';
import type { RootCause } from '@/api-client/copilot-types';
import { formatAgo, formatTime, plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';
import { useNow } from '@/lib/use-now';

import { Cited } from '../cited/cited';
import { FactList } from '../cited/fact-list';
import { Statements, StatementText } from '../cited/statements';
import { WriterLine } from '../cited/writer-line';
import { Icon } from '../ui/icon';

import { CauseItem } from './cause-item';

/** One report: what happened, since when, why, and how sure that is. */
export function RootCauseReport({ report }: { report: RootCause }) {
  const { what, impact, causes, ruled_out, remediation, would_settle, facts, writer, took_ms, confirmed } = report;
  const confirm = useConfirmRootCause(report);
  return (
    <Cited facts={facts}>
      <div className="space-y-3">
        <Verdict report={report} />
        <Chapter title="What happened" isThere={what.length > 0}>
          <Statements statements={what} />
        </Chapter>
        <Chapter title="Impact" isThere={impact.length > 0}>
          <Statements statements={impact} />
        </Chapter>
        <Chapter title={report.verdict === 'found' ? 'Causes, the likeliest first' : 'What it may be'} isThere={causes.length > 0}>
          <ol className="space-y-2">
            {causes.map((cause, index) => (
              <CauseItem key={cause.entity} cause={cause} rank={index + 1} confirmed={confirmed ?? undefined} isBusy={confirm.isPending} onConfirm={(entity) => confirm.mutate(entity)} />
            ))}
          </ol>
        </Chapter>
        <Chapter title="Ruled out" isThere={ruled_out.length > 0}>
          <ul className="space-y-1">
            {ruled_out.map(({ entity, statement }, index) => (
              <li key={index} className="break-words">
                <bdi className="font-medium">{plain(entity)}</bdi>: <StatementText statement={statement} />
              </li>
            ))}
          </ul>
        </Chapter>
        <Chapter title="What could be done" isThere={remediation.length > 0}>
          <Statements statements={remediation} />
          <p className="mt-1 text-xs text-faint">Nothing of it was done.</p>
        </Chapter>
        <Chapter title="What would settle it" isThere={would_settle.length > 0}>
          <Statements statements={would_settle} />
        </Chapter>
        {facts.length > 0 && (
          <details className="group">
            <summary className="flex w-fit list-none items-center gap-1.5 rounded text-xs text-soft hover:text-ink">
              <Icon name="right" className="size-3 transition-transform group-open:rotate-90" />
              Rests on {plural(facts.length, 'fact')}
            </summary>
            <FactList facts={facts} className="mt-1.5" />
          </details>
        )}
        <WriterLine writer={writer} tookMs={took_ms} />
      </div>
    </Cited>
  );
}

function Verdict({ report: { verdict, since, from, to, made_at, causes, confirmed } }: { report: RootCause }) {
  const [zone] = useZone();
  const now = useNow(30);
  const first = causes[0]?.entity;
  return (
    <div>
      <h3 className="text-base font-semibold break-words">
        {confirmed ? (
          <>
            The cause was <bdi>{plain(confirmed)}</bdi>, as somebody confirmed
          </>
        ) : verdict === 'found' && first !== undefined ? (
          <>
            The likely cause is <bdi>{plain(first)}</bdi>
          </>
        ) : (
          'No cause is certain enough to be named'
        )}
      </h3>
      <p className="text-xs text-soft tabular-nums">
        {since && `since ${formatTime(since, zone, false)} · `}looked at {formatTime(from, zone, false)} → {formatTime(to, zone, false)} · {formatAgo(made_at, now)}
      </p>
    </div>
  );
}

function Chapter({ title, isThere, children }: { title: string; isThere: boolean; children: ReactNode }) {
  if (!isThere) return null;
  return (
    <section>
      <h4 className="mb-1 text-xs font-semibold text-soft">{title}</h4>
      {children}
    </section>
  );
}
