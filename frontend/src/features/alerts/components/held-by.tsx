import { useSilences } from '@/api-client/get-silences';
import type { Alert } from '@/api-client/types';
import { Icon } from '@/components/ui/icon';
import { ViewLink } from '@/components/view-link';
import { formatTime } from '@/lib/format';
import { matchersText } from '@/lib/matchers';
import { PAGES } from '@/lib/pages';
import { useZone } from '@/lib/stored';
import { parseTime } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

/** What keeps an alert from being sent: silences, and being put off. */
export function HeldBy({ alert }: { alert: Alert }) {
  const { data } = useSilences(alert.silenced_by.length > 0);
  const [zone] = useZone();
  const now = useNow(30);
  const isSnoozed = alert.snoozed_until && parseTime(alert.snoozed_until) > now;
  if (alert.silenced_by.length === 0 && !isSnoozed) return null;
  return (
    <ul aria-label="Held back" className="space-y-1 rounded-md border border-line bg-sunken px-3 py-2 text-sm">
      {isSnoozed && alert.snoozed_until && (
        <li className="flex items-start gap-2">
          <Icon name="clock" className="mt-0.5 text-faint" />
          Snoozed until {formatTime(alert.snoozed_until, zone, false)}
        </li>
      )}
      {alert.silenced_by.map((id) => {
        const silence = data?.items.find((one) => one.id === id);
        return (
          <li key={id} className="flex items-start gap-2">
            <Icon name="pause" className="mt-0.5 text-faint" />
            <span className="min-w-0 break-words">
              <ViewLink to={PAGES.rules} view={{ view: 'silences' }} className="text-accent hover:underline">
                Silenced
              </ViewLink>
              {silence && ` until ${formatTime(silence.ends_at, zone, false)} by ${silence.created_by}${silence.comment && `: ${silence.comment}`}`}
              {silence && <span className="block font-mono text-xs text-faint">{matchersText(silence.matchers)}</span>}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
