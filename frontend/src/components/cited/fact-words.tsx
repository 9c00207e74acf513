import type { Fact } from '@/api-client/copilot-types';
import { formatTime } from '@/lib/format';
import { plain } from '@/lib/plain-text';
import { useZone } from '@/lib/stored';

import { attachedPlace, attachedWords } from '../evidence/attached-line';
import { EVIDENCE_ICONS, EVIDENCE_NAMES } from '../evidence/evidence-icon';
import { Icon } from '../ui/icon';

/** Facts that are quoted rather than told. */
const QUOTED = new Set(['record', 'template', 'metric', 'attachment']);

/** What a fact says, of what kind it is, and when it was so. */
export function FactWords({ fact, isCut = false }: { fact: Fact; isCut?: boolean }) {
  const [zone] = useZone();
  const { evidence } = fact;
  const { type } = evidence;
  const attached = type === 'attachment' ? { place: attachedPlace(evidence), ...attachedWords(fact.text, evidence) } : undefined;
  return (
    <span className="block min-w-0 flex-1">
      <bdi className={`break-words ${isCut ? 'line-clamp-4' : 'block'} ${QUOTED.has(type) ? 'font-mono text-xs leading-5' : ''}`}>{plain(attached?.line ?? fact.text)}</bdi>
      <span className="mt-0.5 flex items-start gap-1.5 text-xs text-faint">
        <Icon name={EVIDENCE_ICONS[type]} className="mt-0.5 size-3" />
        {attached ? (
          <span className="min-w-0 tabular-nums">
            <bdi className="break-all">{plain(attached.place)}</bdi>
            {attached.counted && ` · counted: ${attached.counted}`}
          </span>
        ) : (
          EVIDENCE_NAMES[type]
        )}
        {fact.at && (
          <time dateTime={fact.at} className="tabular-nums">
            {formatTime(fact.at, zone, false)}
          </time>
        )}
      </span>
    </span>
  );
}
