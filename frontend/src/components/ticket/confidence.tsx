import { formatConfidence, isNever } from '@/lib/ticket-words';

interface Props {
  confidence?: number | null;
  threshold?: number | null;
}

const RELATIONS = {
  sure: { sign: '≥', words: 'at least' },
  unsure: { sign: '<', words: 'below' },
  unknown: { sign: '/', words: 'threshold' },
};

/** How sure an alert was, against how sure it had to be. */
export function Confidence({ confidence, threshold }: Props) {
  const isKnown = typeof confidence === 'number' && typeof threshold === 'number';
  const isSure = isKnown && confidence >= threshold;
  const never = typeof threshold === 'number' && isNever(threshold);
  const { sign, words } = RELATIONS[isSure ? 'sure' : isKnown ? 'unsure' : 'unknown'];
  const percent = (value: number) => `${Math.max(0, Math.min(1, value)) * 100}%`;
  return (
    <span className="inline-flex items-center gap-2 text-xs whitespace-nowrap tabular-nums">
      <span aria-hidden="true" className="relative h-1.5 w-16 shrink-0 rounded-full bg-line">
        {typeof confidence === 'number' && <span className={`absolute inset-y-0 left-0 rounded-full ${isSure ? 'bg-accent' : 'bg-(--warn)'}`} style={{ width: percent(confidence) }} />}
        {typeof threshold === 'number' && !never && <span className="absolute -inset-y-1 w-0.5 -translate-x-1/2 rounded bg-(--ink)" style={{ left: percent(threshold) }} />}
      </span>
      <span>
        <span className="sr-only">confidence </span>
        {formatConfidence(confidence)}{' '}
        {never ? (
          <span className="text-faint">threshold: never</span>
        ) : (
          <span className="text-faint">
            <span aria-hidden="true">{sign}</span>
            <span className="sr-only">{words}</span> {formatConfidence(threshold)}
          </span>
        )}
      </span>
    </span>
  );
}
