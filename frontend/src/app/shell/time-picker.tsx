import { useState, type FormEvent } from 'react';

import { Button } from '@/components/ui/button';
import { Field } from '@/components/ui/field';
import { Icon } from '@/components/ui/icon';
import { Popover } from '@/components/ui/popover';
import { Segmented } from '@/components/ui/segmented';
import { formatTime } from '@/lib/format';
import { useZone } from '@/lib/stored';
import { PRESETS, rangeLabel, rangeProblem, type TimeRange } from '@/lib/time-range';
import { useView } from '@/lib/use-view';

const ZONES = [
  { value: 'local', label: 'Local time' },
  { value: 'utc', label: 'UTC' },
] as const;

/** The time range of every page: a preset, or two moments written out; `standard` is the start where no range means no bound of its own. */
export function TimePicker({ standard }: { standard?: string }) {
  const [{ from: chosen, to }, setView] = useView();
  const from = chosen ?? (to === undefined ? standard : undefined);
  const [zone, setZone] = useZone();
  const [open, setOpen] = useState(false);
  const label = rangeLabel({ from, to }, (ms) => formatTime(ms, zone, false).slice(0, 16));
  const choose = (range: TimeRange) => {
    setView({ from: range.from, to: range.to });
    setOpen(false);
  };
  return (
    <Popover
      label="Time range"
      align="end"
      className="w-72"
      open={open}
      onOpenChange={setOpen}
      trigger={
        <Button icon="clock" aria-label={`Time range: ${label}`} className="min-w-0 shrink!">
          <span className="truncate">{label}</span>
          <Icon name="down" className="size-3 text-faint" />
        </Button>
      }
    >
      <ul className="grid grid-cols-2 gap-1">
        {PRESETS.filter(({ range }) => standard === undefined || range.from !== undefined).map((preset) => (
          <li key={preset.label}>
            <button
              type="button"
              aria-pressed={preset.range.from === from && to === undefined}
              onClick={() => choose(preset.range)}
              className="w-full rounded px-2 py-1 text-left hover:bg-hover aria-pressed:bg-chosen aria-pressed:font-medium"
            >
              {preset.label}
            </button>
          </li>
        ))}
      </ul>
      <RangeForm key={`${from ?? ''}${to ?? ''}${zone}`} from={from} to={to} onChoose={choose} />
      <Segmented label="Times are shown in" value={zone} choices={ZONES} onChange={setZone} className="mt-3 w-full *:flex-1" />
    </Popover>
  );
}

function RangeForm({ from, to, onChoose }: TimeRange & { onChoose: (range: TimeRange) => void }) {
  const [range, setRange] = useState({ from: from ?? '', to: to ?? '' });
  const [problem, setProblem] = useState<string>();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = { from: range.from.trim() || undefined, to: range.to.trim() || undefined };
    const found = rangeProblem(chosen, Date.now());
    setProblem(found);
    if (!found) onChoose(chosen);
  };
  return (
    <form onSubmit={submit} className="mt-3 space-y-2 border-t border-line pt-3">
      <Field label="From" placeholder="now-1h or 2026-01-31 14:00" value={range.from} onChange={(event) => setRange({ ...range, from: event.target.value })} />
      <Field label="To" placeholder="now" value={range.to} onChange={(event) => setRange({ ...range, to: event.target.value })} />
      {problem && (
        <p role="alert" className="text-xs text-danger">
          {problem}
        </p>
      )}
      <Button type="submit" look="primary" className="w-full">
        Apply
      </Button>
    </form>
  );
}
