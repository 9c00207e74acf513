import type { ReactNode } from 'react';

import type { CopilotStatus } from '@/api-client/copilot-types';
import { useCopilotStatus } from '@/api-client/get-copilot-status';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatCount } from '@/lib/format';

import { LedgerTable } from './ledger-table';

/** Who writes answers, what that model was found to do, and everything that was sent to it. */
export function ModelPanel() {
  const { data, error, refetch } = useCopilotStatus();
  return (
    <div>
      {error && !data && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonLines count={4} label="Loading the state of the model" />}
      {data && <State status={data} />}
      <h2 className="border-t border-line px-4 pt-4 pb-1 text-sm font-semibold">What left this machine</h2>
      <p className="px-4 pb-2 text-xs text-soft">Each text that was sent to a model. Names, addresses and secrets are cut out before; the text itself is not kept, its fingerprint is.</p>
      <LedgerTable />
    </div>
  );
}

function State({ status: { provider, model, host, grade, explanation, answering } }: { status: CopilotStatus }) {
  const isModel = provider !== 'extractive';
  return (
    <div className="space-y-3 p-4 text-sm">
      <p className="max-w-prose">{explanation}</p>
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-1">
        <Row name="Answers are written by">{isModel ? `${model} (${provider})` : 'rules, without a model'}</Row>
        {isModel && <Row name="Texts are sent to">{host}</Row>}
        {isModel && grade.unknown && <Row name="What it can do">{grade.unknown}</Row>}
        {isModel && !grade.unknown && (
          <>
            <Row name="Its words come piece by piece">{grade.streams ? 'yes' : 'no'}</Row>
            <Row name="It calls tools">{grade.calls_tools ? 'yes' : 'no'}</Row>
            <Row name="It keeps to a form">{grade.keeps_json ? 'yes' : 'no'}</Row>
            <Row name="Context">{formatCount(grade.context_tokens)} tokens</Row>
          </>
        )}
        <Row name="Questions being answered">{formatCount(answering)}</Row>
      </dl>
    </div>
  );
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-soft">{name}</dt>
      <dd className="min-w-0 break-words tabular-nums">{children}</dd>
    </>
  );
}
