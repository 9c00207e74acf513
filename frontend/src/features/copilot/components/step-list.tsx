import type { Step } from '@/api-client/copilot-types';
import { Icon } from '@/components/ui/icon';
import { formatTook, plural } from '@/lib/format';
import { plain } from '@/lib/plain-text';

const named = (tool: string) => tool.replaceAll('_', ' ');

/** What was looked at for an answer: each tool with what it was asked, what came of it, and how long it took. */
export function StepList({ steps }: { steps: readonly Step[] }) {
  const failures = steps.filter(({ ok }) => !ok).length;
  const took = steps.reduce((sum, { took_ms }) => sum + took_ms, 0);
  return (
    <details className="group text-xs">
      <summary className="flex w-fit max-w-full list-none items-center gap-1.5 rounded text-soft hover:text-ink">
        <Icon name="right" className="size-3 transition-transform group-open:rotate-90" />
        <span className="truncate">
          Looked at {plural(steps.length, 'thing')}: {[...new Set(steps.map(({ tool }) => named(tool)))].join(', ')}
        </span>
        {failures > 0 && <span className="shrink-0 text-(--warn-text)">{failures} failed</span>}
        <span className="shrink-0 text-faint tabular-nums">{formatTook(took)}</span>
      </summary>
      <ol aria-label="Steps" className="mt-1.5 space-y-1.5 border-l border-line pl-3">
        {steps.map(({ tool, arguments: given, summary, ok, took_ms }, index) => (
          <li key={index}>
            <p className="flex items-baseline gap-2">
              <span className="font-medium">{named(tool)}</span>
              {!ok && <span className="text-(--warn-text)">failed</span>}
              <span className="ml-auto shrink-0 text-faint tabular-nums">{formatTook(took_ms)}</span>
            </p>
            <Arguments given={given} />
            <p className="break-words text-soft">{plain(summary)}</p>
          </li>
        ))}
      </ol>
    </details>
  );
}

function Arguments({ given }: { given: Record<string, unknown> }) {
  const present = Object.entries(given).filter(([, value]) => value !== null && value !== undefined);
  if (present.length === 0) return null;
  return (
    <p className="flex flex-wrap gap-x-3">
      {present.map(([name, value]) => (
        <span key={name} className="min-w-0">
          <span className="text-faint">{name}</span> <bdi className="font-mono break-all">{plain(typeof value === 'string' ? value : JSON.stringify(value))}</bdi>
        </span>
      ))}
    </p>
  );
}
