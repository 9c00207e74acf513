import { useIncidents } from '@/api-client/get-incidents';
import { AlertSwatch } from '@/components/alert/alert-severity';
import { Dialog } from '@/components/ui/dialog';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatAgo, plural } from '@/lib/format';
import { useNow } from '@/lib/use-now';

const SHOWN = 50;

/** Asks which other incident is the same. */
export function MergeDialog({ own, onChoose, onClose }: { own: string; onChoose: (incident: string) => void; onClose: () => void }) {
  const { data, error, refetch } = useIncidents(undefined, SHOWN);
  const now = useNow(30);
  const others = data?.items.filter(({ id }) => id !== own);
  return (
    <Dialog title="Merge with another" description="Its alerts come here, and it is no more." open onOpenChange={(open) => !open && onClose()}>
      {error && <Failure error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonLines count={4} label="Loading the incidents" />}
      {others?.length === 0 && <p className="pt-2 text-sm text-soft">There is no other incident.</p>}
      <ul className="divide-y divide-line">
        {others?.map(({ id, title, severity, status, alert_count, starts_at }) => (
          <li key={id}>
            <button type="button" onClick={() => onChoose(id)} className="flex w-full items-start gap-2.5 py-2 text-left text-sm hover:bg-hover">
              <AlertSwatch severity={severity} className="mt-1.5 size-2.5" />
              <span className="min-w-0">
                <span className="block font-medium break-words">{title}</span>
                <span className="text-xs text-faint">
                  {status}, {plural(alert_count, 'alert')}, {formatAgo(starts_at, now)}
                </span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
