import { plain } from '@/lib/plain-text';

import type { LineKind, PreviewLine } from '../diff-lines';

const LOOKS: Record<LineKind, string> = {
  add: 'bg-(--diff-add) text-ink',
  remove: 'bg-(--diff-remove) text-ink',
  change: 'bg-(--diff-change) text-ink',
  place: 'text-faint',
  same: 'text-soft',
};

/** Lines with what was added and taken away in colours; their signs say it too. */
export function DiffText({ lines, label, className = '' }: { lines: readonly PreviewLine[]; label: string; className?: string }) {
  return (
    <div role="region" tabIndex={0} aria-label={label} className={`overflow-auto rounded-md border border-line bg-sunken py-2 font-mono text-xs leading-5 ${className}`}>
      <pre className="w-max min-w-full">
        {lines.map(({ kind, text }, index) => (
          <span key={index} data-kind={kind} className={`block px-3 ${LOOKS[kind]}`}>
            {plain(text) || ' '}
          </span>
        ))}
      </pre>
    </div>
  );
}
