import { useSafety } from '@/api-client/get-safety';
import { Icon } from '@/components/ui/icon';
import { Moment } from '@/components/ui/moment';
import { ViewLink } from '@/components/view-link';
import { actorName } from '@/lib/automation-words';
import { PAGES } from '@/lib/pages';
import { plain } from '@/lib/plain-text';
import { sentence } from '@/lib/ticket-words';
import { useNow } from '@/lib/use-now';

/** On every page while all automation is stopped: who did it, when and why. */
export function StoppedBanner() {
  const { data } = useSafety();
  const now = useNow(10);
  const kill = data?.kill;
  if (!kill) return null;
  return (
    <div role="status" aria-label="Automation is stopped" className="flex shrink-0 items-start gap-2.5 bg-danger-fill px-3 py-1.5 text-sm text-white md:px-4">
      <Icon name="stop" className="mt-0.5" />
      <p className="line-clamp-3 min-w-0 flex-1 [overflow-wrap:anywhere]">
        <strong className="font-semibold">All automation is stopped</strong> by {actorName(kill.by)}, <Moment time={kill.at} now={now} />. {sentence(plain(kill.reason))}
      </p>
      <ViewLink to={PAGES.automation} className="shrink-0 font-medium underline">
        Look at it
      </ViewLink>
    </div>
  );
}
