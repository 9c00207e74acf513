import { Tooltip } from 'radix-ui';

import type { Fact } from '@/api-client/copilot-types';

import { useCited, useMark } from './cited';
import { FactLink } from './fact-link';
import { FactWords } from './fact-words';

/** A fact's short name after a sentence; it says the fact when pointed at, and opens it. */
export function CiteChip({ fact }: { fact: Fact }) {
  const { hot } = useCited();
  const marking = useMark(fact.id);
  return (
    <span {...marking}>
      <Tooltip.Root>
        <Tooltip.Trigger asChild>
          <FactLink
            fact={fact}
            aria-label={`Fact ${fact.id}`}
            className={`ml-1 inline-flex h-4.5 items-center rounded border px-1 align-[1px] text-2xs font-medium tabular-nums ${hot === fact.id ? 'border-accent bg-accent text-on-accent' : 'border-line-strong bg-sunken text-soft hover:border-accent hover:text-accent'}`}
          >
            {fact.id}
          </FactLink>
        </Tooltip.Trigger>
        <Tooltip.Portal>
          <Tooltip.Content sideOffset={6} collisionPadding={12} className="z-50 max-w-[min(26rem,calc(100vw-24px))] rounded-lg border border-line-strong bg-raised px-3 py-2 text-sm shadow-xl shadow-black/15">
            <FactWords fact={fact} />
          </Tooltip.Content>
        </Tooltip.Portal>
      </Tooltip.Root>
    </span>
  );
}
