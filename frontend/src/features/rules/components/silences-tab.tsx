import { useState } from 'react';

import { useSilences } from '@/api-client/get-silences';
import type { Silence } from '@/api-client/types';
import { SilenceForm } from '@/components/alert/silence-form';
import { Panel } from '@/components/panel';
import { Button } from '@/components/ui/button';
import { Dialog } from '@/components/ui/dialog';
import { Empty } from '@/components/ui/empty';
import { Failure } from '@/components/ui/failure';
import { SkeletonLines } from '@/components/ui/skeleton';
import { formatTime } from '@/lib/format';
import { matchersText } from '@/lib/matchers';
import { useZone } from '@/lib/stored';

import { useExpireSilence } from '../api/expire-silence';

const STATES: { state: Silence['state']; title: string }[] = [
  { state: 'active', title: 'Active' },
  { state: 'pending', title: 'Upcoming' },
  { state: 'expired', title: 'Expired in the last 30 days' },
];
const REPEATS = { daily: 'every day', weekly: 'every week' };

/** What is held back, now, later, and lately. */
export function SilencesTab() {
  const [making, setMaking] = useState(false);
  const { data, error, isPending, refetch } = useSilences();
  return (
    <div className="space-y-4">
      <p className="flex flex-wrap items-center justify-between gap-3 text-sm text-soft">
        A silence holds back notifications, escalation, tickets and automation. The alerts stay in sight.
        <Button icon="plus" look="primary" onClick={() => setMaking(true)}>
          New silence
        </Button>
      </p>
      {error && !data && (
        <Panel>
          <Failure error={error} retry={() => void refetch()} />
        </Panel>
      )}
      {isPending && (
        <Panel>
          <SkeletonLines count={6} label="Loading the silences" />
        </Panel>
      )}
      {data?.items.length === 0 && (
        <Panel>
          <Empty icon="bell" title="Nothing is held back">
            Make a silence before planned work, or from an alert that is known.
          </Empty>
        </Panel>
      )}
      {STATES.map(({ state, title }) => {
        const own = data?.items.filter((silence) => silence.state === state) ?? [];
        return (
          own.length > 0 && (
            <Panel key={state} title={title}>
              <ul aria-label={title} className="divide-y divide-line">
                {own.map((silence) => (
                  <Item key={silence.id} silence={silence} />
                ))}
              </ul>
            </Panel>
          )
        );
      })}
      <Dialog title="New silence" description="Once, or as a maintenance window that comes again." open={making} onOpenChange={setMaking}>
        <SilenceForm onDone={() => setMaking(false)} />
      </Dialog>
    </div>
  );
}

function Item({ silence }: { silence: Silence }) {
  const [zone] = useZone();
  const expire = useExpireSilence();
  const show = (time: string) => formatTime(time, zone, false).slice(0, 16);
  return (
    <li className={`flex flex-wrap items-start gap-x-4 gap-y-1 px-4 py-2.5 text-sm ${silence.state === 'expired' ? 'text-soft' : ''}`}>
      <div className="min-w-56 flex-1">
        <p className="font-mono text-xs leading-5 break-words">{matchersText(silence.matchers)}</p>
        <p className="break-words">{silence.comment || <span className="text-faint">no reason given</span>}</p>
        <p className="text-xs text-faint tabular-nums">
          {show(silence.starts_at)} to {show(silence.expired_at ?? silence.ends_at)}
          {silence.recurrence && `, ${REPEATS[silence.recurrence]}`} · by {silence.created_by}
        </p>
      </div>
      {silence.state !== 'expired' && (
        <Button disabled={expire.isPending} onClick={() => expire.mutate(silence.id)}>
          End now
        </Button>
      )}
    </li>
  );
}
