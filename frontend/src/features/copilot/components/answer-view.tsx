import type { ReactNode } from 'react';

import { Cited } from '@/components/cited/cited';
import { FactList } from '@/components/cited/fact-list';
import { Statements } from '@/components/cited/statements';
import { WriterLine } from '@/components/cited/writer-line';
import { Icon } from '@/components/ui/icon';
import { plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';

import type { ShownAnswer } from '../shown-answer';

import { AnswerCharts } from './answer-charts';
import { ProposalList } from './proposal-list';
import { StepList } from './step-list';
import { UnderstoodLine } from './understood-line';

interface Props {
  answer: ShownAnswer;
  /** Whether more of it is to come. */
  isRunning?: boolean;
  /** Whether there is room for the facts beside it. */
  isWide: boolean;
  /** Called when evidence is opened in place of the page. */
  onOpen?: () => void;
  children?: ReactNode;
}

/** One answer: how the question was understood, what was looked at, the sentences, and what they rest on. */
export function AnswerView({ answer, isRunning = false, isWide, onOpen, children }: Props) {
  const { understood, steps, statements, facts, charts, proposals, notices, writer, isStopped, tookMs } = answer;
  const beside = isWide && facts.length > 0;
  return (
    <Cited facts={facts} onOpen={onOpen}>
      <div className={beside ? 'grid grid-cols-[minmax(0,1fr)_20rem] items-start gap-6' : ''}>
        <div className="min-w-0 space-y-2.5">
          {understood && <UnderstoodLine understood={understood} />}
          {steps.length > 0 && <StepList steps={steps} />}
          {isRunning && statements.length === 0 && <Looking />}
          <Statements statements={statements} className="space-y-2 text-base" />
          <AnswerCharts charts={charts} onOpen={onOpen} />
          <ProposalList proposals={proposals} />
          <Notices notices={isStopped ? [...notices, 'It was stopped before its end.'] : notices} />
          {facts.length > 0 && !beside && (
            <details className="group text-xs">
              <summary className="flex w-fit list-none items-center gap-1.5 rounded text-soft hover:text-ink">
                <Icon name="right" className="size-3 transition-transform group-open:rotate-90" />
                Rests on {plural(facts.length, 'fact')}
              </summary>
              <FactList facts={facts} className="mt-1.5" />
            </details>
          )}
          {writer && (
            <p>
              <WriterLine writer={writer} tookMs={tookMs} />
            </p>
          )}
          {children}
        </div>
        {beside && (
          <aside aria-label="What the answer rests on" className="sticky top-0 min-w-0">
            <h3 className="mb-1.5 text-xs font-semibold text-soft">Rests on {plural(facts.length, 'fact')}</h3>
            <FactList facts={facts} className="max-h-[70vh] overflow-y-auto" />
          </aside>
        )}
      </div>
    </Cited>
  );
}

function Looking() {
  return (
    <p role="status" className="flex items-center gap-2 text-sm text-soft">
      <span aria-hidden="true" className="size-2 animate-pulse rounded-full bg-accent" />
      Looking…
    </p>
  );
}

function Notices({ notices }: { notices: readonly string[] }) {
  if (notices.length === 0) return null;
  return (
    <ul aria-label="About the answer" className="space-y-1 text-xs text-(--warn-text)">
      {notices.map((notice, index) => (
        <li key={index} className="flex gap-1.5 break-words">
          <Icon name="alert" className="mt-px size-3.5" />
          <span className="min-w-0">{plain(notice)}</span>
        </li>
      ))}
    </ul>
  );
}
