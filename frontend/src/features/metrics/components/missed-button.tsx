import { useState, type FormEvent } from 'react';

import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { Popover } from '@/components/ui/popover';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { parseMoment } from '@/lib/time-range';
import { useNow } from '@/lib/use-now';

import { useReportMissed } from '../api/report-missed';

interface Props {
  series: string;
  /** The moment that was clicked in the chart, if any. */
  pickedMs?: number;
  onDone: () => void;
}

/** Says that something unusual happened and nobody noticed: at the moment clicked, or one typed. */
export function MissedButton({ series, pickedMs, onDone }: Props) {
  const [open, setOpen] = useState(false);
  const [thanks, setThanks] = useState(false);
  const done = () => {
    setOpen(false);
    setThanks(true);
    onDone();
  };
  return (
    <span className="flex items-center gap-2">
      {thanks && <span role="status" className="text-xs text-soft">The detector has been told.</span>}
      <Popover
        label="Mark a missed anomaly"
        align="end"
        open={open}
        onOpenChange={setOpen}
        trigger={
          <Button icon="flag" look={pickedMs === undefined ? 'plain' : 'primary'}>
            Mark a missed one
          </Button>
        }
      >
        <MissedForm series={series} pickedMs={pickedMs} onDone={done} />
      </Popover>
    </span>
  );
}

function MissedForm({ series, pickedMs, onDone }: Props) {
  const [zone] = useZone();
  const report = useReportMissed(series);
  const now = useNow();
  const [text, setText] = useState(pickedMs === undefined ? 'now' : formatTime(pickedMs, zone, false));
  // What stands in the field means the zone that times are shown in.
  const moment = parseMoment(zone === 'utc' && /^\d{4}-.*\d$/.test(text.trim()) ? `${text.trim()}Z` : text, now);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (moment !== undefined) report.mutate(moment, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit} className="space-y-2">
      <p className="text-soft">When was it unusual? From then on the detector looks closer at this series. A click in the chart chooses the time.</p>
      <Field label="Time" value={text} placeholder="now-5m or 2026-01-31 14:00" onChange={(event) => setText(event.target.value)} aria-invalid={moment === undefined} />
      {report.error && <p role="alert" className="text-xs text-danger">{report.error.message}</p>}
      <Button type="submit" look="primary" disabled={moment === undefined || report.isPending}>
        Mark it
      </Button>
    </form>
  );
}
