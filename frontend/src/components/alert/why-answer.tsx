import { useWhy } from '@/api-client/get-why';
import { LabelList } from '@/components/alert/label-list';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { words } from '@/lib/alert-words';
import { formatTime } from '@/lib/format';
import type { Labels } from '@/lib/labels';
import { useZone } from '@/lib/stored';

const SHOWN = 5;
const LOOKS: Record<string, string> = { fired: 'text-danger', pending: 'text-(--warn-text)', failed: 'text-danger' };

/** What a rule came to at a time, and why; the group of `labels` first. */
export function WhyAnswer({ rule, at, labels = {} }: { rule: string; at?: string; labels?: Labels }) {
  const { data, error, refetch } = useWhy(rule, at);
  const [zone] = useZone();
  if (error) return <Failure error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonLines count={3} label="Loading the reason" />;
  const isOwn = (own: Labels) => Object.keys(own).length > 0 && Object.entries(own).every(([key, value]) => labels[key] === value);
  const groups = [...data.groups].sort((a, b) => Number(isOwn(b.labels)) - Number(isOwn(a.labels)));
  return (
    <div className="space-y-2 text-sm">
      <p>
        <strong className={`font-semibold ${LOOKS[data.evaluation] ?? ''}`}>{words(data.evaluation)}</strong> at {formatTime(data.at, zone, false)}: {data.detail}
      </p>
      {data.suppressed_by.length > 0 && <p className="text-xs text-soft">Held back by {data.suppressed_by.join(', ')}.</p>}
      <ul className="space-y-1.5">
        {groups.slice(0, SHOWN).map((group, index) => (
          <li key={index} className="rounded-md border border-line bg-sunken px-2.5 py-1.5 text-xs">
            <span className={`font-medium ${LOOKS[group.evaluation] ?? ''}`}>{words(group.evaluation)}</span> <span className="break-words">{group.detail}</span>
            <LabelList labels={group.labels} />
          </li>
        ))}
      </ul>
      {groups.length > SHOWN && <p className="text-xs text-faint">and {groups.length - SHOWN} more label sets</p>}
    </div>
  );
}
