import type { Cause } from '@/api-client/copilot-types';
import { words } from '@/lib/alert-words';
import { formatShare } from '@/lib/format';
import { plain } from '@/lib/plain-text';

import { Statements } from '../cited/statements';
import { Button } from '../ui/button';
import { Icon } from '../ui/icon';

interface Props {
  cause: Cause;
  rank: number;
  /** The cause that somebody confirmed, of all causes. */
  confirmed?: string;
  isBusy: boolean;
  onConfirm: (entity: string | null) => void;
}

/** One cause with how sure it is, what speaks for it, and by which reasons it stands where it does. */
export function CauseItem({ cause: { entity, confidence, statements, factors }, rank, confirmed, isBusy, onConfirm }: Props) {
  const isConfirmed = confirmed === entity;
  return (
    <li className={`rounded-md border px-3 py-2 ${isConfirmed ? 'border-accent' : 'border-line'}`}>
      <p className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <span className="min-w-0 font-medium break-words">
          {rank}. <bdi>{plain(entity)}</bdi>
        </span>
        <span className="ml-auto inline-flex items-center gap-2 text-xs tabular-nums">
          <span aria-hidden="true" className="h-1.5 w-16 overflow-hidden rounded-full bg-line">
            <span className="block h-full bg-accent" style={{ width: share(confidence ?? 0) }} />
          </span>
          {typeof confidence === 'number' ? `${formatShare(confidence, 1)} sure` : 'how sure is unknown'}
        </span>
      </p>
      <Statements statements={statements} className="mt-1 space-y-1" />
      {factors.length > 0 && (
        <details className="group mt-1.5">
          <summary className="flex w-fit list-none items-center gap-1.5 rounded text-xs text-soft hover:text-ink">
            <Icon name="right" className="size-3 transition-transform group-open:rotate-90" />
            Why it stands here
          </summary>
          <dl className="mt-1 grid grid-cols-[auto_1fr_auto] items-center gap-x-3 gap-y-1 text-xs">
            {factors.map(({ kind, weight, value }) => (
              <div key={kind} className="contents">
                <dt className="text-soft">{words(kind)}</dt>
                <dd aria-hidden="true">
                  <FactorBar value={value ?? 0} />
                </dd>
                <dd className="text-right tabular-nums">
                  {value?.toFixed(2) ?? '–'} <span className="text-faint">× {weight?.toFixed(1) ?? '–'}</span>
                </dd>
              </div>
            ))}
          </dl>
        </details>
      )}
      <p className="mt-2">
        {isConfirmed ? (
          <Button look="quiet" icon="check" disabled={isBusy} onClick={() => onConfirm(null)} title="Take it back">
            This was the cause
          </Button>
        ) : (
          <Button disabled={isBusy} onClick={() => onConfirm(entity)}>
            This was the cause
          </Button>
        )}
      </p>
    </li>
  );
}

const share = (value: number) => `${Math.max(0, Math.min(1, value)) * 100}%`;

/** What speaks for it goes to the right of the middle, what speaks against it to the left. */
function FactorBar({ value }: { value: number }) {
  const width = `${Math.min(1, Math.abs(value)) * 50}%`;
  return (
    <span className="relative block h-1.5 rounded-full bg-line">
      <span className={`absolute inset-y-0 rounded-full ${value < 0 ? 'right-1/2 bg-(--warn)' : 'left-1/2 bg-accent'}`} style={{ width }} />
      <span className="absolute -inset-y-0.5 left-1/2 w-px bg-(--ink-faint)" />
    </span>
  );
}
