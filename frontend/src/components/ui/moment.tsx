import { formatAgo, formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';

/** How long ago something was; when exactly is shown on hover. */
export function Moment({ time, now }: { time: string; now: number }) {
  const [zone] = useZone();
  return (
    <time dateTime={time} title={formatTime(time, zone)}>
      {formatAgo(time, now)}
    </time>
  );
}
