import { useEffect, useRef } from 'react';

import type { Fact } from '@/api-client/copilot-types';

import { evidenceTarget, momentOf } from '../evidence/evidence-target';

import { useCited, useMark } from './cited';
import { FactLink } from './fact-link';
import { FactWords } from './fact-words';

/** All facts that sentences rest on; the one that is pointed at is marked, and in sight where the list scrolls. */
export function FactList({ facts, className = '' }: { facts: readonly Fact[]; className?: string }) {
  const { hot } = useCited();
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const row = hot === undefined ? undefined : list.current?.querySelector<HTMLElement>(`[data-fact="${CSS.escape(hot)}"]`);
    const place = list.current;
    if (!row || !place || place.scrollHeight <= place.clientHeight) return;
    const above = row.offsetTop - place.offsetTop;
    if (above < place.scrollTop) place.scrollTop = above;
    else if (above + row.offsetHeight > place.scrollTop + place.clientHeight) place.scrollTop = above + row.offsetHeight - place.clientHeight;
  }, [hot]);
  // Without a link in it, the list itself is what the keyboard scrolls.
  const isLinked = facts.some(({ evidence }) => evidenceTarget(evidence) !== undefined);
  return (
    <ul ref={list} aria-label="Facts" tabIndex={isLinked ? undefined : 0} className={`divide-y divide-line rounded-md border border-line ${className}`}>
      {facts.map((fact) => (
        <Row key={fact.id} fact={fact} isHot={hot === fact.id} />
      ))}
    </ul>
  );
}

const ROW = 'flex items-start gap-2.5 px-3 py-2 text-sm';

function Row({ fact, isHot }: { fact: Fact; isHot: boolean }) {
  const target = evidenceTarget(fact.evidence, momentOf(fact.at));
  const id = <span className="w-7 shrink-0 pt-px text-2xs font-medium text-faint tabular-nums">{fact.id}</span>;
  return (
    <li data-fact={fact.id} {...useMark(fact.id)}>
      {target ? (
        <FactLink target={target} className={`${ROW} focus-visible:-outline-offset-2 ${isHot ? 'bg-chosen' : 'hover:bg-hover'}`}>
          {id}
          <FactWords fact={fact} isCut />
        </FactLink>
      ) : (
        // It opens nowhere, so all of it is said here.
        <div className={`${ROW} ${isHot ? 'bg-chosen' : ''}`}>
          {id}
          <FactWords fact={fact} />
        </div>
      )}
    </li>
  );
}
