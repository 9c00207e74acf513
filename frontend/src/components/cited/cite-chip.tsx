import { Tooltip } from 'radix-ui';

import type { Fact } from '@/api-client/copilot-types';

import { evidenceTarget, momentOf } from '../evidence/evidence-target';
import { Popover } from '../ui/popover';

import { useCited, useMark } from './cited';
import { FactLink } from './fact-link';
import { FactWords } from './fact-words';

const WIDTH = 'max-w-[min(26rem,calc(100vw-24px))]';

/** A fact's short name after a sentence; it says the fact when pointed at, and opens it where there is something to open. */
export function CiteChip({ fact }: { fact: Fact }) {
  const { hot } = useCited();
  const marking = useMark(fact.id);
  const target = evidenceTarget(fact.evidence, momentOf(fact.at));
  const label = `Fact ${fact.id}`;
  const look = `ml-1 inline-flex h-4.5 items-center rounded border px-1 align-[1px] text-2xs font-medium tabular-nums ${hot === fact.id ? 'border-accent bg-accent text-on-accent' : 'border-line-strong bg-sunken text-soft hover:border-accent hover:text-accent'}`;
  return (
    <span {...marking}>
      <Tooltip.Root>
        {target ? (
          <Tooltip.Trigger asChild>
            <FactLink target={target} aria-label={label} className={look}>
              {fact.id}
            </FactLink>
          </Tooltip.Trigger>
        ) : (
          <Popover
            label={label}
            className={`w-auto ${WIDTH}`}
            trigger={
              <Tooltip.Trigger asChild>
                <button type="button" aria-label={label} className={look}>
                  {fact.id}
                </button>
              </Tooltip.Trigger>
            }
          >
            <FactWords fact={fact} />
          </Popover>
        )}
        <Tooltip.Portal>
          <Tooltip.Content sideOffset={6} collisionPadding={12} className={`z-50 rounded-lg border border-line-strong bg-raised px-3 py-2 text-sm shadow-xl shadow-black/15 ${WIDTH}`}>
            <FactWords fact={fact} />
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </span>
  );
}
