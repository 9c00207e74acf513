import type { Prototype } from '@/api-client/types';
import { PatternText } from '@/components/log/pattern-text';
import { formatCompact, plural } from '@/lib/format';
import { useView } from '@/lib/use-view';

/** The patterns that were found for a question, best first; a press shows one's lines alone. */
export function PrototypeStrip({ prototypes }: { prototypes: Prototype[] }) {
  const [{ template: chosen = [] }, setView] = useView();
  if (prototypes.length === 0) return null;
  const best = Math.max(...prototypes.map(({ score }) => score), 1e-9);
  const toggle = (template: string) => setView({ template: chosen.includes(template) ? chosen.filter((other) => other !== template) : [template] });
  return (
    <div className="shrink-0 border-b border-line bg-paper px-3 py-2">
      <h2 className="mb-1.5 text-xs text-soft">
        <span className="font-semibold text-ink">{plural(prototypes.length, 'pattern')}</span> that match the meaning, best first
      </h2>
      <ul className="flex gap-2 overflow-x-auto pb-1">
        {prototypes.map(({ template, pattern, score, count }) => (
          <li key={template}>
            <button
              type="button"
              aria-pressed={chosen.includes(template)}
              title={pattern}
              onClick={() => toggle(template)}
              className={`flex h-full w-64 flex-col gap-1 rounded-md border bg-surface px-2.5 py-1.5 text-left hover:border-line-strong ${chosen.includes(template) ? 'border-accent bg-chosen' : 'border-line'}`}
            >
              <span className="line-clamp-3 min-h-12 font-mono text-2xs leading-4 break-words">
                <PatternText pattern={pattern} />
              </span>
              <span className="flex w-full items-center gap-2 text-2xs text-faint tabular-nums">
                <span aria-hidden="true" className="h-1 flex-1 overflow-hidden rounded-full bg-line">
                  <span className="block h-full bg-accent" style={{ width: `${Math.max(4, (score / best) * 100)}%` }} />
                </span>
                <span title="score">{score.toFixed(score < 0.1 ? 3 : 2)}</span>
                <span>{formatCompact(count)} lines</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
