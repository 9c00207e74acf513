import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

import { expiryOf } from '../run-times';

/** How long a proposal still holds. */
export function Expiry({ time, now }: { time?: string | null; now: number }) {
  const [zone] = useZone();
  const left = expiryOf(time, now);
  if (!left || !time) return null;
  return (
    <time dateTime={time} title={formatTime(time, zone, false)} className={`text-xs whitespace-nowrap tabular-nums ${left.isSoon ? 'text-(--warn-text)' : 'text-faint'}`}>
      {left.text}
    </time>
  );
}
