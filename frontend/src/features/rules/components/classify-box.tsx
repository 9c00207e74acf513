import { useState, type FormEvent } from 'react';

import type { Classified } from '@/api-client/types';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { words } from '@/lib/alert-words';
import { formatShare } from '@/lib/format';
import { highlightParts } from '@/lib/highlight';

import { useClassifyLine } from '../api/classify-line';

/** Which rule would match a line, and what comes of it. */
export function ClassifyBox({ onMatched }: { onMatched: (rules: ReadonlySet<string>) => void }) {
  const [line, setLine] = useState('');
  const classify = useClassifyLine();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (line.trim() === '') return;
    classify.mutate(line, { onSuccess: ({ rules }) => onMatched(new Set(rules.map(({ rule }) => rule))) });
  };
  return (
    <Panel title="Which rule would match a line?">
      <form onSubmit={submit} className="flex items-end gap-2 p-4">
        <Field label="Line" placeholder="CRITICAL: Pricing error | Missing price for product 999" value={line} onChange={(event) => setLine(event.target.value)} className="flex-1 [&>input]:font-mono" />
        <Button type="submit" disabled={classify.isPending || line.trim() === ''}>
          Try
        </Button>
      </form>
      {classify.error && (
        <p role="alert" className="px-4 pb-4 text-sm break-words text-danger">
          {classify.error.message}
        </p>
      )}
      {classify.data && <Said line={classify.variables} answer={classify.data} />}
    </Panel>
  );
}

function Said({ line, answer: { classification, rules } }: { line: string; answer: Classified }) {
  return (
    <div role="status" className="space-y-2 px-4 pb-4 text-sm">
      {classification ? (
        <p>
          <strong className="font-semibold">{words(classification.failure_type)}</strong>, {classification.severity}
          {typeof classification.confidence === 'number' && `, ${formatShare(classification.confidence, 1)} sure`}: <span className="text-soft">{classification.because}</span>
        </p>
      ) : (
        <p>It speaks of no failure that is known.</p>
      )}
      {rules.length === 0 && <p className="text-soft">No rule matches it.</p>}
      <ul className="space-y-1.5">
        {rules.map(({ rule, enabled, found }) => (
          <li key={rule} className="text-xs">
            <span className="font-medium">{rule}</span>
            {!enabled && <span className="text-(--warn-text)"> (off)</span>}
            <span className="block font-mono break-words text-soft">
              {highlightParts(line, found.length === 2 ? [[found[0] ?? 0, found[1] ?? 0]] : []).map(({ text, marked }, index) => (marked ? <mark key={index}>{text}</mark> : <span key={index}>{text}</span>))}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}
