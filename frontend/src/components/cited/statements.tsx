import type { Statement } from '@/api-client/copilot-types';
import { plain } from '@/lib/plain-text';

import { CiteChip } from './cite-chip';
import { useCited } from './cited';

/** One sentence with the facts that it cites behind it. It is words only: nothing in it is read as markup. */
export function StatementText({ statement: { text, cites } }: { statement: Statement }) {
  const { facts, hot } = useCited();
  const cited = cites.flatMap((id) => facts.get(id) ?? []);
  const isHot = hot !== undefined && cites.includes(hot);
  return (
    <span className="break-words whitespace-pre-line">
      <bdi className={isHot ? 'rounded-xs bg-chosen box-decoration-clone' : ''}>{plain(text)}</bdi>
      {cited.map((fact) => (
        <CiteChip key={fact.id} fact={fact} />
      ))}
    </span>
  );
}

/** Sentences, one below the other. */
export function Statements({ statements, className = 'space-y-1.5' }: { statements: readonly Statement[]; className?: string }) {
  return (
    <div className={className}>
      {statements.map((statement, index) => (
        <p key={index}>
          <StatementText statement={statement} />
        </p>
      ))}
    </div>
  );
}
