import type { RuleRecord } from '@/api-client/automation-types';
import { formatCount, formatShare, plural } from '@/lib/format';

import { successRate } from '../run-times';

/** How many of a rule's runs succeeded, as a bar and in numbers. */
export function SuccessRate({ record }: { record: RuleRecord }) {
  const rate = successRate(record);
  if (rate === undefined) return <span className="text-xs text-faint">never run</span>;
  const title = `${plural(record.executed, 'run')}, ${formatCount(record.succeeded)} succeeded, ${formatCount(record.verified)} seen to help, ${formatCount(record.failed_in_a_row)} in a row that did not help`;
  return (
    <span title={title} className="inline-flex items-center gap-2 text-xs whitespace-nowrap tabular-nums">
      <span aria-hidden="true" className="h-1.5 w-12 shrink-0 overflow-hidden rounded-full bg-line">
        <span className={`block h-full ${rate < 0.5 ? 'bg-danger' : 'bg-accent'}`} style={{ width: `${rate * 100}%` }} />
      </span>
      {formatShare(record.succeeded, record.executed)}
      <span className="text-faint">of {formatCount(record.executed)}</span>
    </span>
  );
}

export function ProposeOnly() {
  return (
    <span title="It did not help too often in a row: whatever it proposes waits for a person until a new version is taken up" className="inline-flex h-5 items-center rounded border border-(--warn) px-1.5 text-2xs whitespace-nowrap text-(--warn-text)">
      propose only
    </span>
  );
}
