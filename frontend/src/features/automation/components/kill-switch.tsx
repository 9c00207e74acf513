import { useState } from 'react';

import { useSafety } from '@/api-client/get-safety';
import { ConfirmDialog } from '@/components/automation/confirm-dialog';
import { Button } from '@/components/ui/button';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { useNow } from '@/lib/use-now';

import { useResume } from '../api/resume';
import { useStopAll } from '../api/stop-all';
import { freezeEnd } from '../freeze-draft';

/** Stops everything at once, or lets things begin again; also says until when a freeze holds. */
export function KillSwitch() {
  const { data, error } = useSafety();
  const [asked, setAsked] = useState<'stop' | 'resume'>();
  const close = () => setAsked(undefined);
  return (
    <>
      {data ? <FreezeNote freezes={data.freezes} /> : error && <span className="text-xs text-danger">Whether it is stopped is not known.</span>}
      {data?.kill ? (
        <Button key="resume" icon="play" onClick={() => setAsked('resume')}>
          Resume automation
        </Button>
      ) : (
        // Where nothing is known, stopping must still be possible.
        <Button key="stop" look="danger" icon="stop" onClick={() => setAsked('stop')}>
          Stop everything
        </Button>
      )}
      {asked === 'stop' && <StopDialog onClose={close} />}
      {asked === 'resume' && <ResumeDialog onClose={close} />}
    </>
  );
}

function StopDialog({ onClose }: { onClose: () => void }) {
  const stop = useStopAll();
  return (
    <ConfirmDialog
      title="Stop all automation"
      description="Nothing begins any more, and what goes on is called off at once. Rules go on proposing; people can look at that meanwhile."
      button="Stop everything now"
      ask={{ label: 'Why', isRequired: true }}
      isDanger
      isBusy={stop.isPending}
      error={stop.error}
      onConfirm={(reason) => stop.mutate(reason, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function ResumeDialog({ onClose }: { onClose: () => void }) {
  const resume = useResume();
  return (
    <ConfirmDialog
      title="Resume automation"
      description="What was approved, or needs no approval, begins again as soon as nothing else holds it back."
      button="Resume"
      isBusy={resume.isPending}
      error={resume.error}
      onConfirm={() => resume.mutate(undefined, { onSuccess: onClose })}
      onClose={onClose}
    />
  );
}

function FreezeNote({ freezes }: { freezes: Parameters<typeof freezeEnd>[0][] }) {
  const now = useNow(2);
  const [zone] = useZone();
  const held = freezes.flatMap((freeze) => {
    const end = freezeEnd(freeze, now);
    return end === undefined ? [] : [{ end, reason: freeze.reason }];
  });
  const last = held.sort((a, b) => b.end - a.end)[0];
  if (!last) return null;
  return (
    <span role="status" title={last.reason} className="max-w-96 truncate text-xs text-(--warn-text)">
      Frozen until {formatTime(last.end, zone, false).slice(0, 16)}: {last.reason}
    </span>
  );
}
